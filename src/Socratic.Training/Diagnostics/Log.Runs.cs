using Microsoft.Extensions.Logging;

namespace Socratic.Training.Diagnostics;

internal static partial class LogMessages
{
    [LoggerMessage(4001, LogLevel.Information, "The run in '{Directory}' is complete: update {Step}, epoch {Epoch:0.##}. The model is there; nothing is changed")]
    public static partial void AlreadyComplete(this ILogger log, string directory, int step, double epoch);

    [LoggerMessage(4002, LogLevel.Information, "'{Directory}' holds an unfinished run: newest checkpoint {Checkpoint}, update {Step} of {MaxSteps}, epoch {Epoch:0.##} of {TargetEpoch:0.##}")]
    public static partial void Unfinished(this ILogger log, string directory, string checkpoint, int step, int maxSteps, double epoch, double targetEpoch);

    [LoggerMessage(4003, LogLevel.Information, "Options that differ from those of the run there: {Differences}")]
    public static partial void OptionsDiffer(this ILogger log, string differences);

    [LoggerMessage(4007, LogLevel.Warning, "The run there trained over another model or adapter: {Differences}. What its checkpoints hold may not fit this one")]
    public static partial void ModelDiffers(this ILogger log, string differences);

    [LoggerMessage(4004, LogLevel.Warning, "The output folder '{Directory}' is not empty: {What}. Nobody is here to be asked: beginning anew, beside what stands there")]
    public static partial void GoingOnUnasked(this ILogger log, string directory, string what);

    [LoggerMessage(4005, LogLevel.Warning, "Beginning anew in '{Directory}': the checkpoints of the run there will be deleted")]
    public static partial void Overwriting(this ILogger log, string directory);

    [LoggerMessage(4006, LogLevel.Information, "Not beginning: '{Directory}' is left as it is")]
    public static partial void Declined(this ILogger log, string directory);
}
