namespace Socratic.Training.Callbacks;

/// <summary>Something was logged.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="Entry">What was logged.</param>
public readonly record struct LogEvent(TrainerState State, TrainerControl Control, TrainingOptions Options, LogEntry Entry);

/// <summary>A batch of an evaluation was worked through.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
public readonly record struct PredictionStepEvent(TrainerState State, TrainerControl Control, TrainingOptions Options);

/// <summary>An evaluation is finished.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="Result">Its values.</param>
public readonly record struct EvaluateEvent(TrainerState State, TrainerControl Control, TrainingOptions Options, EvaluationResult Result);

/// <summary>A checkpoint was written and verified.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="Directory">The checkpoint's folder.</param>
public readonly record struct SaveEvent(TrainerState State, TrainerControl Control, TrainingOptions Options, string Directory);
