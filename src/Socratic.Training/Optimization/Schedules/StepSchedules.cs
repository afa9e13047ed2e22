namespace Socratic.Training.Optimization.Schedules;

/// <summary>A schedule whose warm-up is a line from 0 to the base rate.</summary>
internal abstract class StepSchedule(ScheduleSpan span) : ILearningRateSchedule
{
    protected ScheduleSpan Span { get; } = span;

    public double Factor(long step) => Span.IsWarmup(step) ? Span.WarmupShare(step) : AfterWarmup(step);

    protected abstract double AfterWarmup(long step);
}

internal sealed class ConstantSchedule(ScheduleSpan span) : StepSchedule(span)
{
    protected override double AfterWarmup(long step) => 1;
}

internal sealed class LinearSchedule(ScheduleSpan span) : StepSchedule(span)
{
    protected override double AfterWarmup(long step) => Math.Max(0, (double)(Span.Total - step) / Math.Max(1, Span.Total - Span.Warmup));
}

/// <summary>c falls and rises of a cosine are c periods: c = 0.5 falls once.</summary>
internal sealed class CosineSchedule(ScheduleSpan span, double cycles, double floor = 0) : StepSchedule(span)
{
    protected override double AfterWarmup(long step)
    {
        var factor = 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * Span.Progress(step)));
        return Math.Max(0, factor * (1 - floor) + floor);
    }
}

internal sealed class RestartingCosineSchedule(ScheduleSpan span, double cycles) : StepSchedule(span)
{
    protected override double AfterWarmup(long step)
    {
        var progress = Span.Progress(step);
        return progress >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (cycles * progress % 1))));
    }
}

/// <summary>The reference divides by zero where the warm-up takes the whole run; here the end is reached then.</summary>
internal sealed class PolynomialSchedule(ScheduleSpan span, double baseRate, double end, double power) : StepSchedule(span)
{
    protected override double AfterWarmup(long step)
    {
        if (step > Span.Total || Span.Total == Span.Warmup) return end / baseRate;
        var left = 1 - (double)(step - Span.Warmup) / (Span.Total - Span.Warmup);
        return ((baseRate - end) * Math.Pow(left, power) + end) / baseRate;
    }
}

internal sealed class InverseSquareRootSchedule(ScheduleSpan span, double? timeScale) : StepSchedule(span)
{
    private readonly double scale = timeScale is > 0 ? timeScale.Value : span.Warmup > 0 ? span.Warmup : 10_000;

    protected override double AfterWarmup(long step) => 1 / Math.Sqrt((step + (scale - Span.Warmup)) / scale);
}

/// <summary>A cosine one step ahead, so that no update has rate 0.</summary>
internal sealed class LeadingCosineSchedule(ScheduleSpan span, double cycles, double floor, double? start) : ILearningRateSchedule
{
    public double Factor(long step)
    {
        if (span.IsWarmup(step))
        {
            return start is { } from
                ? from + (1 - from) * step / Math.Max(1, span.Warmup - 1)
                : (step + 1.0) / Math.Max(1, span.Warmup);
        }
        var factor = 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * span.Progress(step + 1)));
        return Math.Max(0, factor * (1 - floor) + floor);
    }
}
