namespace Socratic.Training;

/// <summary>A callback threw: the run stops, the checkpoints stay.</summary>
public sealed class CallbackException : Exception
{
    /// <summary>Wraps what a callback threw.</summary>
    public CallbackException(string callback, string callbackEvent, Exception inner)
        : base($"The callback {callback} failed in {callbackEvent}: {inner.Message}", inner)
    {
        Callback = callback;
        Event = callbackEvent;
    }

    /// <summary>The callback's type.</summary>
    public string Callback { get; }

    /// <summary>The event's name.</summary>
    public string Event { get; }
}

/// <summary>A loss or a gradient was NaN or infinite. No weight was touched.</summary>
public sealed class NonFiniteException : Exception
{
    /// <summary>Creates the error.</summary>
    public NonFiniteException(int step, IReadOnlyList<int> rows, double loss, double gradientNorm, string? tensor)
        : base(FormattableString.Invariant($"Update {step} is not finite: loss {loss}, gradient norm {gradientNorm}")
            + (tensor is null ? "" : $", first bad gradient '{tensor}'") + $". Rows of the window: {string.Join(", ", rows)}. The weights are as after update {step - 1}; checkpoints are kept. "
            + $"Set {nameof(TrainingOptions.NonFinite)} to {nameof(NonFiniteAction.SkipUpdate)} to leave such updates out.")
    {
        Step = step;
        Rows = rows;
        Tensor = tensor;
    }

    /// <summary>The update that was being made, from 1.</summary>
    public int Step { get; }

    /// <summary>The rows of its window.</summary>
    public IReadOnlyList<int> Rows { get; }

    /// <summary>The first parameter whose gradient is not finite, or null if only the loss was not.</summary>
    public string? Tensor { get; }
}
