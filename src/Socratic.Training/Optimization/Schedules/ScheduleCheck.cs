using System.Globalization;

namespace Socratic.Training.Optimization.Schedules;

/// <summary>What is wrong with the options of a schedule.</summary>
internal static class ScheduleCheck
{
    private static readonly string[] Metric = ["mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lr", "eps"];

    private static readonly Dictionary<LearningRateSchedule, string[]> Known = new()
    {
        [LearningRateSchedule.Linear] = [],
        [LearningRateSchedule.Cosine] = ["num_cycles"],
        [LearningRateSchedule.CosineWithRestarts] = ["num_cycles"],
        [LearningRateSchedule.Polynomial] = ["power", "lr_end"],
        [LearningRateSchedule.Constant] = [],
        [LearningRateSchedule.ConstantWithWarmup] = [],
        [LearningRateSchedule.InverseSquareRoot] = ["timescale"],
        [LearningRateSchedule.CosineWithMinimum] = ["num_cycles", "min_lr", "min_lr_rate"],
        [LearningRateSchedule.CosineWarmupWithMinimum] = ["num_cycles", "min_lr", "min_lr_rate", "warmup_lr_rate"],
        [LearningRateSchedule.WarmupStableDecay] = ["num_decay_steps", "num_stable_steps", "warmup_type", "decay_type", "min_lr_ratio", "num_cycles"],
        [LearningRateSchedule.ReduceOnPlateau] = Metric,
        [LearningRateSchedule.Greedy] = [.. Metric, "warmup", "max_lr", "smooth", "window_size", "reset_start"],
    };

    /// <summary>One sentence for each option that is out of range, missing, or not one of this schedule's; empty if all is well.</summary>
    public static IReadOnlyList<string> Problems(LearningRateSchedule kind, ScheduleOptions options)
    {
        if (!Known.TryGetValue(kind, out var known)) return [$"Schedule {kind} is unknown."];
        var problems = new List<string>();
        foreach (var (name, value) in options.Given())
        {
            if (!known.Contains(name))
                problems.Add($"Schedule {kind} has no option {name}{(known.Length == 0 ? "; it has none." : $"; it has {string.Join(", ", known)}.")}");
            else if (Range(name, value) is { } expected)
                problems.Add($"Schedule option {name} is {Convert.ToString(value, CultureInfo.InvariantCulture)}; expected {expected}.");
        }
        if (kind == LearningRateSchedule.WarmupStableDecay && options.DecaySteps is null) problems.Add("Schedule WarmupStableDecay needs num_decay_steps (DecaySteps).");
        return problems;
    }

    // What was expected, or null if the value is within it.
    private static string? Range(string name, object value)
    {
        if (value is not (double or int or long)) return null;
        var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        return name switch
        {
            "factor" => number is > 0 and < 1 ? null : "more than 0 and less than 1",
            "min_lr_rate" or "warmup_lr_rate" or "min_lr_ratio" => number is >= 0 and <= 1 ? null : "0 to 1",
            "timescale" or "window_size" or "num_cycles" => number > 0 && double.IsFinite(number) ? null : "more than 0",
            _ => number >= 0 && double.IsFinite(number) ? null : "0 or more",
        };
    }
}
