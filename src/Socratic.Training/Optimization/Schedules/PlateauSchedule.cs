namespace Socratic.Training.Optimization.Schedules;

/// <summary>Lowers the rate when the metric has not improved for more than some evaluations (torch's ReduceLROnPlateau).</summary>
internal sealed class PlateauSchedule : IMetricSchedule
{
    private readonly double baseRate;
    private readonly MetricComparison comparison;
    private readonly double reduction;
    private readonly int patience;
    private readonly int cooldown;
    private readonly double minimum;
    private readonly double minimumChange;

    private double rate;
    private double best;
    private int bad;
    private int waiting;

    internal PlateauSchedule(double baseRate, ScheduleOptions options)
    {
        this.baseRate = rate = baseRate;
        comparison = new MetricComparison(options.Mode ?? MetricMode.Minimum, options.Threshold ?? 1e-4, options.ThresholdMode ?? ThresholdMode.Relative);
        reduction = options.ReductionFactor ?? 0.1;
        patience = options.Patience ?? 10;
        cooldown = options.Cooldown ?? 0;
        minimum = options.MinimumRate ?? 0;
        minimumChange = options.MinimumChange ?? 1e-8;
        best = comparison.Worst;
    }

    public IReadOnlyDictionary<string, double> State => new Dictionary<string, double> { ["rate"] = rate, ["best"] = best, ["bad"] = bad, ["waiting"] = waiting };

    public double Factor(long step) => rate / baseRate;

    public void Report(double metric)
    {
        if (comparison.IsBetter(metric, best)) (best, bad) = (metric, 0);
        else bad++;
        if (waiting > 0)
        {
            waiting--;
            bad = 0;
        }
        if (bad <= patience) return;
        var lower = Math.Max(rate * reduction, minimum);
        if (rate - lower > minimumChange) rate = lower;
        (waiting, bad) = (cooldown, 0);
    }

    public void LoadState(IReadOnlyDictionary<string, double> state)
        => (rate, best, bad, waiting) = (ScheduleMemory.Get(state, "rate"), ScheduleMemory.Get(state, "best"), (int)ScheduleMemory.Get(state, "bad"), (int)ScheduleMemory.Get(state, "waiting"));
}
