using Microsoft.Extensions.Logging;

namespace Socratic.Training.Diagnostics;

internal static partial class LogMessages
{
    [LoggerMessage(2002, LogLevel.Information,
        "Step {Step}: style consistency {StyleConsistency:0.000}, dialogue flow {DialogueFlow:0.000}, texts with a question word {QuestionWordShare:0.0%}, sentences with an asking ending {QuestionEndingShare:0.0%}")]
    public static partial void Style(this ILogger log, int step, double styleConsistency, double dialogueFlow, double questionWordShare, double questionEndingShare);

    [LoggerMessage(2003, LogLevel.Information,
        "Means of {Evaluations} evaluations: style consistency {StyleConsistency:0.000}, dialogue flow {DialogueFlow:0.000}, texts with a question word {QuestionWordShare:0.0%}, sentences with an asking ending {QuestionEndingShare:0.0%}")]
    public static partial void StyleMeans(this ILogger log, int evaluations, double styleConsistency, double dialogueFlow, double questionWordShare, double questionEndingShare);
}
