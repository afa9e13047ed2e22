using System.Collections.Concurrent;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Tests.Kernels.Compiled;

/// <summary>The NVRTC of this machine, found as the product finds it, and what it makes of each source.</summary>
internal static class CompilerHere
{
    private static readonly LibrarySearch Search = new(LibraryFiles.Instance);
    private static readonly Lazy<Nvrtc?> Found = new(() => Nvrtc.TryLoad(LibraryFiles.Instance, Search));
    private static readonly ConcurrentDictionary<(KernelModule, int), CompiledKernels> Done = new();

    internal static Nvrtc Compiler
    {
        get
        {
            if (Found.Value is null) Assert.Skip($"No NVRTC here ({NvrtcLocator.Variable} names its folder; eng/fetch-nvrtc.sh fetches one): the kernels cannot be compiled for a GPU.");
            return Found.Value;
        }
    }

    internal static CompiledKernels Compile(KernelModule module, int architecture)
    {
        if (!Compiler.Architectures.Contains(architecture)) Assert.Skip($"NVRTC {Compiler.Version} makes no code for sm_{architecture}.");
        return Done.GetOrAdd((module, architecture), key => Compiler.Compile(key.Item1.Name, key.Item1.Source, $"sm_{key.Item2}"));
    }
}
