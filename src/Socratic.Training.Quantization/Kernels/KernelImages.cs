using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>Machine code for one kind of GPU: from the cache, or compiled and put there.</summary>
internal sealed class KernelImages
{
    /// <summary>The oldest GPUs that the kernels are written for: Turing.</summary>
    internal const int Oldest = 75;

    private readonly IKernelCompiler compiler;
    private readonly KernelCache cache;
    private readonly string target;

    internal KernelImages(IKernelCompiler compiler, KernelCache cache, string target) => (this.compiler, this.cache, this.target) = (compiler, cache, target);

    /// <summary>What to compile for: the GPU itself; else the newest of its family that is older, whose code it runs; else PTX, which the driver compiles. Null if it is too old.</summary>
    internal static string? Target(IReadOnlyList<int> architectures, int capability)
    {
        var known = architectures.Where(a => a >= Oldest && a <= capability).DefaultIfEmpty(0).Max();
        return known == 0 ? null : known / 10 == capability / 10 ? $"sm_{known}" : $"compute_{known}";
    }

    /// <summary>The image, and whether it came from the cache.</summary>
    internal (byte[] Image, bool Cached) Get(KernelModule module)
        => cache.Read(Key(module)) is { } stored ? (stored, true) : (Compile(module), false);

    /// <summary>Compiles anew, whatever the cache holds.</summary>
    internal byte[] Compile(KernelModule module)
    {
        var compiled = compiler.Compile(module.Name, module.Source, target);
        var image = compiled.Cubin.Length > 0 ? compiled.Cubin : compiled.Ptx;
        cache.Write(Key(module), image);
        return image;
    }

    private string Key(KernelModule module) => KernelCache.Key(module, target, compiler.Version);
}
