using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Runs a kernel over rows: on this thread where torch has one or the work is small, else on torch's own threads.</summary>
internal static unsafe class RowLoop
{
    // Elements below which a second thread costs more than it brings.
    private const long SmallWork = 32_768;

    /// <param name="rows">How many rows there are.</param>
    /// <param name="elements">Elements a row, as a measure of its work.</param>
    /// <param name="body">The kernel for a range of rows; it must not throw.</param>
    /// <param name="context">What the kernel needs to know.</param>
    public static void Run(long rows, long elements, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context)
    {
        if (rows == 0) return;
        if (rows * elements <= SmallWork || get_num_threads() == 1) TorchThreads.Here(0, rows, body, context);
        else TorchThreads.For(0, rows, Math.Max(1, SmallWork / Math.Max(1, elements)), body, context);
    }
}
