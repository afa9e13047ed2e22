using System.Runtime.ExceptionServices;

namespace Socratic.Training.Layers;

/// <summary>
/// What went wrong inside the backward of a custom function: an exception that leaves one ends the process, so it waits here until the backward is over.
/// A <see cref="Trainer{TBatch}"/> throws it from its training step.
/// </summary>
/// <remarks>
/// A loop of one's own calls <see cref="Throw"/> after each <c>backward()</c>, before it looks at a gradient: after a failure the layers below the function that
/// failed have got none. There is one place a process, not one a thread: a GPU's backward runs on one of libtorch's. So two loops that run at the same time may get
/// each other's failure.
/// </remarks>
public static class BackwardFailure
{
    private static ExceptionDispatchInfo? kept;

    /// <summary>Keeps what a custom function's <c>backward</c> caught, unless an earlier one is there: the first is the cause, those after it may follow from it.</summary>
    /// <param name="error">The exception, as caught.</param>
    public static void Keep(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Interlocked.CompareExchange(ref kept, ExceptionDispatchInfo.Capture(error), null);
    }

    /// <summary>Throws what was kept, with the stack it was thrown with, and forgets it. Does nothing where nothing went wrong.</summary>
    public static void Throw() => Interlocked.Exchange(ref kept, null)?.Throw();

    /// <summary>Forgets what was kept for a loop that never asked.</summary>
    internal static Exception? Forget() => Interlocked.Exchange(ref kept, null)?.SourceException;
}
