using System.Runtime.ExceptionServices;

namespace Socratic.Training.Layers;

/// <summary>
/// What went wrong inside a backward of ours: an exception that leaves one ends the process, so it waits here until the backward is over. Not by thread:
/// a GPU's backward runs on one of libtorch's.
/// </summary>
internal static class BackwardFailure
{
    private static ExceptionDispatchInfo? kept;

    public static void Keep(Exception error) => Interlocked.CompareExchange(ref kept, ExceptionDispatchInfo.Capture(error), null);

    /// <summary>Throws what was kept.</summary>
    public static void Throw() => Interlocked.Exchange(ref kept, null)?.Throw();
}
