using Microsoft.Extensions.Logging;

namespace Socratic.Training.Lora;

internal static partial class LogMessages
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    public static partial void Warning(ILogger logger, string warning);
}
