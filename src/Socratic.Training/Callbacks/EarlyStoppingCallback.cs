using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;

namespace Socratic.Training;

/// <summary>
/// Ends a training whose evaluations no longer get better, by transformers' rule: each evaluation that does not better the best of the earlier ones by more than the threshold
/// counts, one that does sets the count back, the first never counts. A smaller improvement counts as none but still becomes the best.
/// The value looked at is the one that chooses the best model (<see cref="TrainingOptions.MetricForBestModel"/>, else the loss).
/// </summary>
public sealed class EarlyStoppingCallback : IStatefulCallback
{
    private readonly int patience;
    private readonly double threshold;
    private ILogger log = NullLogger.Instance;
    private int count;
    private double? best;

    /// <summary>Creates the callback.</summary>
    /// <param name="patience">Evaluations without an improvement after which the training ends.</param>
    /// <param name="threshold">What an improvement must be larger than.</param>
    /// <exception cref="ArgumentOutOfRangeException">The patience is below 1, or the threshold negative.</exception>
    public EarlyStoppingCallback(int patience = 1, double threshold = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1);
        if (!(threshold >= 0 && double.IsFinite(threshold))) throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "The threshold must be 0 or more.");
        this.patience = patience;
        this.threshold = threshold;
    }

    /// <inheritdoc/>
    public void OnInitEnd(in InitEndEvent e) => log = (e.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger<EarlyStoppingCallback>();

    /// <inheritdoc/>
    public void OnTrainBegin(in TrainBeginEvent e)
    {
        if (e.ResumedFrom is null) (count, best) = (0, null);
    }

    /// <inheritdoc/>
    /// <exception cref="KeyNotFoundException">The evaluation gave no such value.</exception>
    public void OnEvaluate(in EvaluateEvent e)
    {
        if (e.Result.Prefix != "eval") return;
        var metric = Metric(e.Options);
        var value = e.Result[metric];
        var better = best is { } earlier && ((e.Options.GreaterIsBetter ?? !metric.EndsWith("loss", StringComparison.Ordinal)) ? value > earlier : value < earlier);
        count = best is null || (better && Math.Abs(value - best.Value) > threshold) ? 0 : count + 1;
        if (better || best is null) best = double.IsFinite(value) ? value : best;
        if (count < patience) return;
        log.StoppingEarly(metric, threshold, count, best ?? double.NaN);
        e.Control.ShouldTrainingStop = true;
    }

    /// <inheritdoc/>
    public JsonObject SaveState() => new() { ["evaluations_without_improvement"] = count, ["best"] = best };

    /// <inheritdoc/>
    public void LoadState(JsonObject state)
    {
        count = (int?)state["evaluations_without_improvement"] ?? 0;
        best = (double?)state["best"];
    }

    private static string Metric(TrainingOptions options)
    {
        var name = options.MetricForBestModel ?? "loss";
        return name.StartsWith("eval_", StringComparison.Ordinal) ? name : "eval_" + name;
    }
}
