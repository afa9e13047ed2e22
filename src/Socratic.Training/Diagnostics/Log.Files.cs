using Microsoft.Extensions.Logging;

namespace Socratic.Training.Diagnostics;

internal static partial class LogMessages
{
    [LoggerMessage(3001, LogLevel.Warning, "{File} could not be written: {Reason}. The training goes on")]
    public static partial void MonitorFileFailed(this ILogger log, Exception exception, string file, string reason);
}
