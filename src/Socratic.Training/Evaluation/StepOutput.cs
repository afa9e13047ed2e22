using static TorchSharp.torch;

namespace Socratic.Training.Evaluation;

/// <summary>What one evaluation batch gave.</summary>
/// <param name="Loss">The loss of the batch, detached.</param>
/// <param name="Predictions">
/// What the metrics look at, or null. A language model's are the teacher-forced argmax ids, int64 [rows, length]: position t holds the prediction for
/// <c>labels[t + 1]</c>, and -100 where that is no target.
/// </param>
public readonly record struct StepOutput(Loss Loss, Tensor? Predictions = null);
