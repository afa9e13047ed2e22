using Microsoft.Extensions.Logging;

namespace Socratic.Training.Diagnostics;

/// <summary>What the trainer tells the host's log. No text of dialogues is among it.</summary>
internal static partial class TrainerLog
{
    [LoggerMessage(1102, LogLevel.Warning, "{Count} of {Rows} evaluation rows lie in batches without a single target: they have no loss and are left out of its mean.")]
    internal static partial void EvaluationRowsWithoutTarget(this ILogger logger, int count, int rows);

    [LoggerMessage(1103, LogLevel.Warning, "The training data are not those of {Checkpoint} (fingerprint {Then}, now {Now}): the run goes on, but not as if it had never been stopped.")]
    internal static partial void OtherData(this ILogger logger, string checkpoint, string then, string now);

    [LoggerMessage(1105, LogLevel.Information, "Loaded the best model, {Checkpoint} ({Metric} {Value:0.####})")]
    internal static partial void BestModelLoaded(this ILogger logger, string checkpoint, string metric, double value);

    [LoggerMessage(1106, LogLevel.Warning, "{Count} trainable tensors got no gradient in the first updates and are not trained: {Names}")]
    internal static partial void WithoutGradient(this ILogger logger, int count, string names);

    [LoggerMessage(1107, LogLevel.Warning, "{Place} left {Count} tensors behind: dispose them, or make them inside a dispose scope. Native memory grows with every call.")]
    internal static partial void TensorsLeftBehind(this ILogger logger, string place, long count);

    [LoggerMessage(1108, LogLevel.Warning, "Update {Step}: no row of its window has a trained token; nothing is learned from it.")]
    internal static partial void WindowWithoutTarget(this ILogger logger, int step);
}
