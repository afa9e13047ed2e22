namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>The times of one training.</summary>
internal sealed class RunClock(TimeProvider time, string? resumedFrom, int firstStep)
{
    private readonly long start = time.GetTimestamp();

    public DateTimeOffset Started { get; } = time.GetLocalNow();

    public DateTimeOffset Now => time.GetLocalNow();

    public TimeSpan Duration => time.GetElapsedTime(start);

    /// <summary>Time in updates alone.</summary>
    public TimeSpan Loop { get; set; }

    public string? ResumedFrom { get; } = resumedFrom;

    public int FirstStep { get; } = firstStep;
}
