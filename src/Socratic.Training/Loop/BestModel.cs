namespace Socratic.Training.Loop;

/// <summary>Which evaluation was the best so far. A tie keeps the earlier one.</summary>
internal sealed class BestModel
{
    private readonly TrainingOptions options;

    private BestModel(TrainingOptions options, string metric, bool greaterIsBetter)
    {
        this.options = options;
        Metric = metric;
        GreaterIsBetter = greaterIsBetter;
    }

    /// <summary>The prefixed name of the value that decides.</summary>
    internal string Metric { get; }

    internal bool GreaterIsBetter { get; }

    /// <summary>Null where the options want no best model.</summary>
    internal static BestModel? Create(TrainingOptions options)
    {
        var name = options.MetricForBestModel ?? (options.NeedsBestMetric ? "loss" : null);
        if (name is null) return null;
        return new BestModel(
            options, name.StartsWith("eval_", StringComparison.Ordinal) ? name : "eval_" + name, options.GreaterIsBetter ?? !name.EndsWith("loss", StringComparison.Ordinal));
    }

    /// <summary>Takes an evaluation in; true if it is the best so far.</summary>
    internal bool Update(TrainerState state, EvaluationResult result)
    {
        var value = result[Metric];
        var best = state.BestMetric ?? (GreaterIsBetter ? double.NegativeInfinity : double.PositiveInfinity);
        if (!(GreaterIsBetter ? value > best : value < best)) return false;
        state.BestMetric = value;
        if (options.SaveStrategy != SaveStrategy.No) state.BestGlobalStep = state.GlobalStep;
        return true;
    }
}
