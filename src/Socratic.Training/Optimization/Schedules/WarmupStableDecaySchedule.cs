namespace Socratic.Training.Optimization.Schedules;

/// <summary>Warm-up, a stable phase at the base rate (S updates, default T - W - D), D updates of decay, then the minimum.</summary>
internal sealed class WarmupStableDecaySchedule(ScheduleSpan span, ScheduleOptions options) : ILearningRateSchedule
{
    private readonly long decay = options.DecaySteps!.Value;
    private readonly long stableEnd = options.StableSteps is { } stable ? span.Warmup + stable : span.Total - options.DecaySteps.Value;
    private readonly double floor = options.StableMinimumRatio ?? 0;
    private readonly double cycles = options.Cycles ?? 0.5;

    public double Factor(long step)
    {
        if (span.IsWarmup(step)) return Lift(WarmupFactor(span.WarmupShare(step)));
        if (step < stableEnd) return 1;
        return step < stableEnd + decay ? Lift(DecayFactor((double)(step - stableEnd) / Math.Max(1, decay))) : floor;
    }

    private double Lift(double factor) => Math.Max(0, factor * (1 - floor) + floor);

    private double WarmupFactor(double share) => (options.WarmupShape ?? ScheduleShape.Linear) switch
    {
        ScheduleShape.Cosine => 0.5 * (1 - Math.Cos(Math.PI * share)),
        ScheduleShape.OneMinusSquareRoot => 1 - Math.Sqrt(1 - share),
        _ => share,
    };

    private double DecayFactor(double share) => (options.DecayShape ?? ScheduleShape.Cosine) switch
    {
        ScheduleShape.Linear => 1 - share,
        ScheduleShape.OneMinusSquareRoot => 1 - Math.Sqrt(share),
        _ => 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * share)),
    };
}
