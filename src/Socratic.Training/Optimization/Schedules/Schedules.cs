namespace Socratic.Training.Optimization.Schedules;

/// <summary>
/// Makes the schedules, by the formulas of transformers' <c>optimization.py</c>. s: finished updates, W: warm-up, T: the run's updates, p = (s - W) / max(1, T - W).
/// </summary>
public static class Schedules
{
    /// <summary>A schedule for a run.</summary>
    /// <param name="kind">Which one.</param>
    /// <param name="options">What it is told; null for its defaults.</param>
    /// <param name="baseRate">The rate of the options, above 0. Rates such as a minimum are turned into shares of it.</param>
    /// <param name="warmupSteps">W, in updates (<see cref="WarmupLength"/>).</param>
    /// <param name="totalSteps">T, in updates.</param>
    /// <exception cref="ArgumentException">An option is out of range, missing, or not one of this schedule's (<see cref="ScheduleCheck.Problems"/>).</exception>
    public static ILearningRateSchedule Create(LearningRateSchedule kind, ScheduleOptions? options, double baseRate, long warmupSteps, long totalSteps)
    {
        var given = options ?? new ScheduleOptions();
        var problems = ScheduleCheck.Problems(kind, given);
        if (problems.Count > 0) throw new ArgumentException(string.Join(" ", problems), nameof(options));
        var span = new ScheduleSpan(warmupSteps, totalSteps);
        var floor = given.MinimumRatio ?? (given.MinimumRate ?? 0) / baseRate;
        return kind switch
        {
            LearningRateSchedule.Linear => new LinearSchedule(span),
            LearningRateSchedule.Cosine => new CosineSchedule(span, given.Cycles ?? 0.5),
            LearningRateSchedule.CosineWithRestarts => new RestartingCosineSchedule(span, given.Cycles ?? 1),
            LearningRateSchedule.Polynomial => new PolynomialSchedule(span, baseRate, given.EndLearningRate ?? 1e-7, given.Power ?? 1),
            LearningRateSchedule.Constant => new ConstantSchedule(new ScheduleSpan(0, totalSteps)),
            LearningRateSchedule.ConstantWithWarmup => new ConstantSchedule(span),
            LearningRateSchedule.InverseSquareRoot => new InverseSquareRootSchedule(span, given.TimeScale),
            LearningRateSchedule.CosineWithMinimum => new CosineSchedule(span, given.Cycles ?? 0.5, floor),
            LearningRateSchedule.CosineWarmupWithMinimum => new LeadingCosineSchedule(span, given.Cycles ?? 0.5, floor, given.WarmupStartRatio),
            LearningRateSchedule.WarmupStableDecay => new WarmupStableDecaySchedule(span, given),
            LearningRateSchedule.ReduceOnPlateau => new PlateauSchedule(baseRate, given),
            LearningRateSchedule.Greedy => new GreedySchedule(baseRate, given),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };
    }

    /// <summary>True if the schedule follows a metric: it has no use for a warm-up, and needs evaluations.</summary>
    public static bool FollowsMetric(LearningRateSchedule kind) => kind is LearningRateSchedule.ReduceOnPlateau or LearningRateSchedule.Greedy;
}
