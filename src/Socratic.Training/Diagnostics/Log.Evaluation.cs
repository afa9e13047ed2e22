using Microsoft.Extensions.Logging;

namespace Socratic.Training.Diagnostics;

internal static partial class LogMessages
{
    [LoggerMessage(2002, LogLevel.Information,
        "Step {Step}: style consistency {StyleConsistency:0.000}, dialogue flow {DialogueFlow:0.000}, {QuestionWordShare:0.0%} of the texts hold {QuestionWords}, {QuestionEndingShare:0.0%} of the sentences end in {AskingEndings}")]
    public static partial void Style(this ILogger log, int step, double styleConsistency, double dialogueFlow, double questionWordShare, string questionWords, double questionEndingShare, string askingEndings);

    [LoggerMessage(2003, LogLevel.Information,
        "Means of {Evaluations} evaluations: style consistency {StyleConsistency:0.000}, dialogue flow {DialogueFlow:0.000}, {QuestionWordShare:0.0%} of the texts hold {QuestionWords}, {QuestionEndingShare:0.0%} of the sentences end in {AskingEndings}")]
    public static partial void StyleMeans(this ILogger log, int evaluations, double styleConsistency, double dialogueFlow, double questionWordShare, string questionWords, double questionEndingShare, string askingEndings);
}
