using System.Globalization;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>Log entries as lines for people.</summary>
internal static class RunLogText
{
    public static string Of(LogEntry entry, int maxSteps) => entry switch
    {
        TrainingLogEntry e => Text($"Update {e.Step} of {maxSteps}, epoch {e.Epoch:0.##}: loss {e.Loss:0.0000}, learning rate {e.LearningRate:0.###e-0}")
            + (e.GradientNorm is { } norm ? Text($", gradient norm {norm:0.000}") : ""),
        EvaluationLogEntry e => Text($"Evaluation after update {e.Step}: ") + string.Join(", ", e.Values.Select(v => Text($"{v.Key} {v.Value:0.0000}"))) + Text($" ({e.Rows} rows, {e.Runtime.TotalSeconds:0.0} s)"),
        SummaryLogEntry e => Text($"Closing figures: mean loss {e.TrainLoss:0.0000}, {e.Runtime.TotalSeconds:0.0} s, {e.SamplesPerSecond:0.00} rows/s, {e.StepsPerSecond:0.000} updates/s"),
        _ => entry.ToString(),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
