namespace Socratic.Training;

/// <summary>How a training ended.</summary>
/// <param name="Outcome">What happened.</param>
/// <param name="State">Where the run stands.</param>
/// <param name="TrainLoss">All micro-losses of this training over its updates; null if none ran.</param>
public sealed record TrainingResult(TrainingOutcome Outcome, TrainerState State, double? TrainLoss)
{
    /// <summary>0 for a complete run or a dry one, else 1.</summary>
    public int ExitCode => Outcome is TrainingOutcome.Completed or TrainingOutcome.AlreadyComplete or TrainingOutcome.DryRun ? 0 : 1;

    /// <summary>The last evaluation, or null.</summary>
    public EvaluationResult? Evaluation { get; init; }
}

/// <summary>What happened to a run.</summary>
public enum TrainingOutcome
{
    /// <summary>It ran to its end, or to where a callback stopped it; the final files are written.</summary>
    Completed,

    /// <summary>The output folder held the complete run; nothing was changed.</summary>
    AlreadyComplete,

    /// <summary>It was cancelled; a checkpoint was saved.</summary>
    Stopped,

    /// <summary>The person present did not want the folder overwritten; nothing was changed.</summary>
    Declined,

    /// <summary>It was only tried out (<see cref="TrainingOptions.DryRun"/>); the output folder was not touched.</summary>
    DryRun,
}
