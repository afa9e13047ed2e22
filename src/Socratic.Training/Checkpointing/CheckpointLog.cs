using Microsoft.Extensions.Logging;

namespace Socratic.Training.Checkpointing;

internal static partial class CheckpointLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Saved {Checkpoint}.")]
    public static partial void Saved(ILogger logger, string checkpoint);

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {Checkpoint}: {Limit} are kept.")]
    public static partial void Rotated(ILogger logger, string checkpoint, int limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Checkpoint} does not verify and is passed over: {Problem}.")]
    public static partial void PassedOver(ILogger logger, string checkpoint, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Folder} was left by an interrupted save or deletion; it is ignored and can be deleted.")]
    public static partial void Leftover(ILogger logger, string folder);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Folder} could not be deleted: {Reason}")]
    public static partial void NotDeleted(ILogger logger, string folder, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Checkpoint} could not be saved, the older checkpoints stay: {Reason}")]
    public static partial void NotSaved(ILogger logger, string checkpoint, string reason);
}
