using Socratic.Training.Evaluation;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>What the picture of a run shows, taken from its log history, which a resume restores.</summary>
internal sealed record ProgressCurves(Curve Loss, Curve EvaluationLoss, Curve LearningRate, Curve Style, Curve Flow, Curve Combined)
{
    /// <summary>Updates finished.</summary>
    public int Step { get; init; }

    /// <summary>Updates of the whole run.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Epochs finished, with the share of the current one.</summary>
    public double Epoch { get; init; }

    public static ProgressCurves Of(TrainerState state) => Of(state.LogHistory) with { Step = state.GlobalStep, MaxSteps = state.MaxSteps, Epoch = state.Epoch };

    public static ProgressCurves Of(IReadOnlyList<LogEntry> history)
    {
        var losses = history.OfType<TrainingLogEntry>().ToList();
        var evaluations = history.OfType<EvaluationLogEntry>().Where(e => e.Prefix == "eval").ToList();
        return new ProgressCurves(
            Curve.Of(losses.Select(e => (e.Step, e.Loss))), Values(evaluations, "loss"), Curve.Of(losses.Select(e => (e.Step, e.LearningRate))),
            Values(evaluations, StyleMetricNames.StyleConsistency), Values(evaluations, StyleMetricNames.DialogueFlow), Values(evaluations, StyleMetricNames.CombinedScore));
    }

    private static Curve Values(List<EvaluationLogEntry> evaluations, string name) => Curve.Of(evaluations.Select(e => (e.Step, e.ValueOf(name) ?? double.NaN)));
}
