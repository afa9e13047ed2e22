namespace Socratic.Training.Callbacks;

/// <summary>One entry of the log history.</summary>
/// <param name="Step">Updates finished.</param>
/// <param name="Epoch">Epochs finished, with the share of the current one.</param>
public abstract record LogEntry(int Step, double Epoch);

/// <summary>The loss since the last log.</summary>
/// <param name="Step">Updates finished.</param>
/// <param name="Epoch">Epochs finished, with the share of the current one.</param>
/// <param name="Loss">The micro-losses since the last log, summed, over the updates since then.</param>
/// <param name="GradientNorm">The norm of the last update's gradient before clipping.</param>
/// <param name="LearningRate">The rate of the last update.</param>
/// <param name="TokensSeen">Tokens seen so far, if they are counted.</param>
public sealed record TrainingLogEntry(int Step, double Epoch, double Loss, double? GradientNorm, double LearningRate, long? TokensSeen = null) : LogEntry(Step, Epoch);

/// <summary>An evaluation.</summary>
/// <param name="Step">Updates finished.</param>
/// <param name="Epoch">Epochs finished, with the share of the current one.</param>
/// <param name="Values">Every value under its prefixed name, in order: the loss first, then the metrics.</param>
/// <param name="Rows">The rows evaluated.</param>
/// <param name="Batches">The batches evaluated.</param>
/// <param name="Runtime">The time it took.</param>
/// <param name="Prefix">What stands before each name.</param>
/// <param name="TokensSeen">Tokens seen so far, if they are counted.</param>
public sealed record EvaluationLogEntry(
    int Step, double Epoch, IReadOnlyList<KeyValuePair<string, double>> Values, int Rows, int Batches, TimeSpan Runtime, string Prefix = "eval", long? TokensSeen = null) : LogEntry(Step, Epoch);

/// <summary>The closing figures of a training.</summary>
/// <param name="Step">Updates finished.</param>
/// <param name="Epoch">Epochs finished, with the share of the current one.</param>
/// <param name="TrainLoss">All micro-losses of this training, summed, over all updates finished.</param>
/// <param name="Runtime">The time it took, evaluations and saves included.</param>
/// <param name="SamplesPerSecond">Rows a second.</param>
/// <param name="StepsPerSecond">Updates a second.</param>
/// <param name="TotalFlops">The estimate of floating point operations.</param>
/// <param name="TokensSeen">Tokens seen so far, if they are counted.</param>
public sealed record SummaryLogEntry(
    int Step, double Epoch, double TrainLoss, TimeSpan Runtime, double SamplesPerSecond, double StepsPerSecond, double TotalFlops, long? TokensSeen = null) : LogEntry(Step, Epoch);
