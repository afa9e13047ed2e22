using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;
using Socratic.Training.Evaluation;

namespace Socratic.Training;

/// <summary>
/// Logs the style of a language model's answers at each evaluation: style consistency, dialogue flow, the shares of texts with a question word and of sentences with an asking
/// ending; at the end their means over the run's evaluations, those before a resume included. The values come from <see cref="StyleMetrics"/>; evaluations without them are passed over.
/// </summary>
public sealed class StyleCallback : ICallback
{
    private static readonly string[] Names =
        [StyleMetricNames.StyleConsistency, StyleMetricNames.DialogueFlow, StyleMetricNames.QuestionWordShare, StyleMetricNames.QuestionEndingShare];

    private ILogger log = NullLogger.Instance;

    /// <inheritdoc/>
    public void OnInitEnd(in InitEndEvent e) => log = (e.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger<StyleCallback>();

    /// <inheritdoc/>
    public void OnEvaluate(in EvaluateEvent e)
    {
        var result = e.Result;
        if (Read(name => result.TryGet($"{result.Prefix}_{name}", out var value) ? value : null) is not { } v) return;
        var profile = e.Options.StyleProfile;
        log.Style(e.State.GlobalStep, v[0], v[1], v[2], Some(profile.QuestionWords), v[3], Some(profile.AskingEndings));
    }

    /// <inheritdoc/>
    public void OnTrainEnd(in TrainEndEvent e)
    {
        var evaluations = e.State.LogHistory.OfType<EvaluationLogEntry>().Where(entry => entry.Prefix == "eval").Select(entry => Read(entry.ValueOf)).OfType<double[]>().ToList();
        // A mean of one would say what stands just above.
        if (evaluations.Count < 2) return;
        var means = Enumerable.Range(0, Names.Length).Select(i => evaluations.Average(v => v[i])).ToArray();
        var profile = e.Options.StyleProfile;
        log.StyleMeans(evaluations.Count, means[0], means[1], means[2], Some(profile.QuestionWords), means[3], Some(profile.AskingEndings));
    }

    /// <summary>The shares count certain words only; two of them say which kind.</summary>
    private static string Some(IReadOnlyList<string> words)
        => words.Count == 0 ? "(the profile names none)" : string.Join(" or ", words.Take(2).Select(w => w.Trim())) + (words.Count > 2 ? " ..." : "");

    private static double[]? Read(Func<string, double?> value)
    {
        var values = Array.ConvertAll(Names, name => value(name));
        return Array.TrueForAll(values, v => v is not null) ? Array.ConvertAll(values, v => v!.Value) : null;
    }
}
