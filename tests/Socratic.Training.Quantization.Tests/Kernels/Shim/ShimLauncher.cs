using Socratic.Training.Quantization.Kernels;

namespace Socratic.Training.Quantization.Tests.Kernels.Shim;

/// <summary>Runs a launch at once on the CPU, its arguments packed by the product as for a GPU.</summary>
internal sealed unsafe class ShimLauncher(ShimLibrary library, int order) : IKernelLauncher
{
    /// <summary>Runs the grid's last block only: what lies before it may be memory that was never touched.</summary>
    internal bool OnlyLastBlock { get; init; }

    internal int Launches { get; private set; }

    /// <summary>Every way that must give the same bits: as numbered, backwards, at random, and compiled so that products contract.</summary>
    internal static IEnumerable<ShimLauncher> All()
    {
        for (var order = 0; order < 4; order++) yield return new(ShimLibrary.Plain, order);
        if (!ShimLibrary.CanContract) yield break;
        yield return new(ShimLibrary.Contracted, 0);
        yield return new(ShimLibrary.Contracted, 5);
    }

    public void Launch(KernelEntry entry, uint blocks, in KernelArguments arguments)
    {
        Launches++;
        fixed (ulong* values = arguments.Values)
        {
            var addresses = stackalloc void*[arguments.Count];
            for (var i = 0; i < arguments.Count; i++) addresses[i] = values + i;
            if (library.Launch(entry.Name, entry.Threads, OnlyLastBlock ? blocks - 1 : 0, blocks, order, addresses) is { } error) throw new InvalidOperationException($"{entry}: {error}");
        }
    }
}
