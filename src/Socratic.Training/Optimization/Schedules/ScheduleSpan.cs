namespace Socratic.Training.Optimization.Schedules;

/// <summary>The warm-up and the length of a run, in updates.</summary>
internal readonly record struct ScheduleSpan(long Warmup, long Total)
{
    /// <summary>True while the warm-up lasts.</summary>
    internal bool IsWarmup(long step) => step < Warmup;

    /// <summary>The share of the warm-up done.</summary>
    internal double WarmupShare(long step) => (double)step / Math.Max(1, Warmup);

    /// <summary>The share done of what follows the warm-up; beyond 1 past the end.</summary>
    internal double Progress(long step) => (double)(step - Warmup) / Math.Max(1, Total - Warmup);
}
