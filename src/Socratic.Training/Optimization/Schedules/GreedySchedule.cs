using System.Globalization;

namespace Socratic.Training.Optimization.Schedules;

/// <summary>
/// Raises the rate after enough improvements in a row, lowers it after enough evaluations without one (GreedyLR, arXiv 2512.14527). After having wanted below the
/// minimum often enough it starts anew. Raising and lowering are each followed by evaluations that are ignored.
/// </summary>
internal sealed class GreedySchedule : IMetricSchedule
{
    private readonly double baseRate;
    private readonly MetricComparison comparison;
    private readonly double reduction;
    private readonly int patience;
    private readonly int cooldown;
    private readonly int raiseCooldown;
    private readonly double minimum;
    private readonly double maximum;
    private readonly double minimumChange;
    private readonly int window;
    private readonly int resetAfter;

    private readonly Queue<double> recent = new();
    private double recentSum;
    private double rate;
    private double best;
    private int bad;
    private int good;
    private int ignored;
    private int untilReset;

    internal GreedySchedule(double baseRate, ScheduleOptions options)
    {
        this.baseRate = rate = baseRate;
        comparison = new MetricComparison(options.Mode ?? MetricMode.Minimum, options.Threshold ?? 1e-6, options.ThresholdMode ?? ThresholdMode.Absolute);
        reduction = options.ReductionFactor ?? 0.95;
        patience = options.Patience ?? 10;
        cooldown = options.Cooldown ?? 0;
        raiseCooldown = options.RaiseCooldown ?? 0;
        minimum = options.MinimumRate ?? 1e-3;
        maximum = options.MaximumRate ?? 1;
        minimumChange = options.MinimumChange ?? 1e-8;
        window = options.Smooth ?? false ? options.WindowSize ?? 50 : 1;
        resetAfter = untilReset = options.ResetAfter ?? 500;
        best = comparison.Worst;
    }

    public IReadOnlyDictionary<string, double> State
    {
        get
        {
            var state = new Dictionary<string, double>
            {
                ["rate"] = rate, ["best"] = best, ["bad"] = bad, ["good"] = good, ["ignored"] = ignored, ["until_reset"] = untilReset, ["recent"] = recent.Count, ["recent_sum"] = recentSum,
            };
            foreach (var (i, value) in recent.Index()) state[Recent(i)] = value;
            return state;
        }
    }

    public double Factor(long step) => rate / baseRate;

    public void Report(double metric)
    {
        var value = Average(metric);
        if (ignored > 0)
        {
            ignored--;
            (good, bad) = (0, 0);
            return;
        }
        if (comparison.IsBetter(value, best)) (best, good, bad) = (value, good + 1, 0);
        else (good, bad) = (0, bad + 1);
        if (good > patience) Raise();
        else if (bad > patience) Lower();
    }

    public void LoadState(IReadOnlyDictionary<string, double> state)
    {
        var values = Enumerable.Range(0, (int)ScheduleMemory.Get(state, "recent")).Select(i => ScheduleMemory.Get(state, Recent(i))).ToList();
        (rate, best, recentSum) = (ScheduleMemory.Get(state, "rate"), ScheduleMemory.Get(state, "best"), ScheduleMemory.Get(state, "recent_sum"));
        (bad, good) = ((int)ScheduleMemory.Get(state, "bad"), (int)ScheduleMemory.Get(state, "good"));
        (ignored, untilReset) = ((int)ScheduleMemory.Get(state, "ignored"), (int)ScheduleMemory.Get(state, "until_reset"));
        recent.Clear();
        foreach (var value in values) recent.Enqueue(value);
    }

    private static string Recent(int index) => string.Create(CultureInfo.InvariantCulture, $"recent.{index}");

    private double Average(double metric)
    {
        if (window == 1) return metric;
        recent.Enqueue(metric);
        recentSum += metric;
        if (recent.Count > window) recentSum -= recent.Dequeue();
        return recentSum / recent.Count;
    }

    private void Raise()
    {
        var higher = Math.Min(rate / reduction, maximum);
        if (higher - rate > minimumChange) rate = higher;
        (untilReset, ignored, good) = (resetAfter, raiseCooldown, 0);
    }

    private void Lower()
    {
        var lower = Math.Max(rate * reduction, minimum);
        if (rate - lower > minimumChange) rate = lower;
        (ignored, bad) = (cooldown, 0);
        if (rate > minimum || --untilReset > 0) return;

        // The reference clears the waiting time while it resets and sets it right afterwards.
        (rate, best, good, untilReset) = (baseRate, comparison.Worst, 0, resetAfter);
        recent.Clear();
        recentSum = 0;
    }
}
