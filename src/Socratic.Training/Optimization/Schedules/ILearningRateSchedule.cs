namespace Socratic.Training.Optimization.Schedules;

/// <summary>The learning rate over a run, as a factor on every group's base rate.</summary>
public interface ILearningRateSchedule
{
    /// <summary>The factor for the update that follows <paramref name="step"/> finished ones; 0 is the first update's.</summary>
    double Factor(long step);
}

/// <summary>A schedule that follows a metric instead of the step: it is told each evaluation's value, and has a memory that a checkpoint keeps.</summary>
public interface IMetricSchedule : ILearningRateSchedule
{
    /// <summary>Takes the metric of an evaluation; the factor may change.</summary>
    void Report(double metric);

    /// <summary>What it remembers, by name.</summary>
    IReadOnlyDictionary<string, double> State { get; }

    /// <summary>Puts a memory back.</summary>
    /// <exception cref="InvalidDataException">A value is missing; nothing was changed.</exception>
    void LoadState(IReadOnlyDictionary<string, double> state);
}
