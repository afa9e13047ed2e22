using System.Runtime.InteropServices;

namespace Socratic.Training.Native;

/// <summary>libtorch's own thread pool. Another pool beside it would fight for the processors: its threads spin.</summary>
internal static unsafe partial class TorchThreads
{
    /// <summary>
    /// Calls <paramref name="body"/> on parts of the range that together cover it, at once on several threads. The body is static, marked
    /// <c>UnmanagedCallersOnly</c>, and must not throw: an exception that leaves it ends the process.
    /// </summary>
    internal static void For(long begin, long end, long grain, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context)
    {
        if (ParallelFor(begin, end, grain, body, context) != 0) throw new InvalidOperationException("libtorch's torch_parallel_for failed.");
    }

    /// <summary>Calls <paramref name="body"/> once, on this thread, over the whole range.</summary>
    internal static void Here(long begin, long end, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context) => body(begin, end, context);

    [LibraryImport("torch_cpu", EntryPoint = "torch_parallel_for")]
    private static partial int ParallelFor(long begin, long end, long grain, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context);
}
