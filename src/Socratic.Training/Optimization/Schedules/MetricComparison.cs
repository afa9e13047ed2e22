namespace Socratic.Training.Optimization.Schedules;

/// <summary>When a value of a metric counts as an improvement.</summary>
internal readonly record struct MetricComparison(MetricMode Mode, double Threshold, ThresholdMode ThresholdMode)
{
    /// <summary>What every value improves on.</summary>
    internal double Worst => Mode == MetricMode.Minimum ? double.PositiveInfinity : double.NegativeInfinity;

    internal bool IsBetter(double value, double best)
    {
        var sign = Mode == MetricMode.Minimum ? -1 : 1;
        var limit = ThresholdMode == ThresholdMode.Relative ? best * (1 + sign * Threshold) : best + sign * Threshold;
        return sign * value > sign * limit;
    }
}
