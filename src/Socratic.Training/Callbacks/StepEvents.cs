namespace Socratic.Training.Callbacks;

/// <summary>An accumulation window begins.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
public readonly record struct StepBeginEvent(TrainerState State, TrainerControl Control, TrainingOptions Options);

/// <summary>A micro-batch that is not the last of its window was worked through.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
public readonly record struct SubstepEndEvent(TrainerState State, TrainerControl Control, TrainingOptions Options);

/// <summary>The gradient stands, clipped; the optimizer has not moved yet.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="GradientNorm">The gradient's norm before clipping.</param>
public readonly record struct PreOptimizerStepEvent(TrainerState State, TrainerControl Control, TrainingOptions Options, double GradientNorm);

/// <summary>The optimizer has moved the weights; the gradient still stands.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
public readonly record struct OptimizerStepEvent(TrainerState State, TrainerControl Control, TrainingOptions Options);

/// <summary>An update is finished.</summary>
/// <param name="State">Where the run stands.</param>
/// <param name="Control">What the loop does next.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="Step">The figures of the update.</param>
public readonly record struct StepEndEvent(TrainerState State, TrainerControl Control, TrainingOptions Options, StepFigures Step);

/// <summary>What one update was.</summary>
/// <param name="LearningRate">The rate used.</param>
/// <param name="GradientNorm">The norm before clipping.</param>
/// <param name="Rows">Rows in the window.</param>
/// <param name="Targets">Targets in the window.</param>
/// <param name="Duration">The time from the window's first fetch to the end of the update.</param>
/// <param name="Tokens">The lengths of the window's rows, summed: tokens without padding, or the rows where these have no length.</param>
public readonly record struct StepFigures(double LearningRate, double GradientNorm, int Rows, long Targets, TimeSpan Duration, long Tokens = 0);
