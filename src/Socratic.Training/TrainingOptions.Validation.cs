using Microsoft.Extensions.Options;
using Socratic.Training.Optimization.Schedules;

namespace Socratic.Training;

public sealed partial record TrainingOptions
{
    /// <summary>Checks every option and their combinations.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; each failure names property, value and rule.</exception>
    public void Validate()
    {
        var errors = Errors();
        if (errors.Count > 0) throw new OptionsValidationException(nameof(TrainingOptions), typeof(TrainingOptions), errors);
    }

    internal IReadOnlyList<string> Errors()
    {
        var rules = new List<string>();
        void Rule(bool holds, string property, object? value, string rule)
        {
            if (!holds) rules.Add(FormattableString.Invariant($"{property} is {value ?? "null"}: {rule}."));
        }

        Rule(!string.IsNullOrWhiteSpace(OutputDirectory), nameof(OutputDirectory), $"'{OutputDirectory}'", "it must name a folder");
        Rule(TrainBatchSize >= 1, nameof(TrainBatchSize), TrainBatchSize, "it must be at least 1");
        Rule(EvaluationBatchSize >= 1, nameof(EvaluationBatchSize), EvaluationBatchSize, "it must be at least 1");
        Rule(GradientAccumulationSteps >= 1, nameof(GradientAccumulationSteps), GradientAccumulationSteps, "it must be at least 1");
        Rule(MaxSteps is not null || (Epochs > 0 && double.IsFinite(Epochs)), nameof(Epochs), Epochs, "it must be above 0");
        Rule(MaxSteps is null or >= 1, nameof(MaxSteps), MaxSteps, "it must be at least 1, or null");
        Rule(LearningRate >= 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "it must not be negative");
        Rule(WarmupRatio is null or (>= 0 and <= 1), nameof(WarmupRatio), WarmupRatio, "it must lie between 0 and 1");
        Rule(WarmupSteps is null or >= 0, nameof(WarmupSteps), WarmupSteps, "it must not be negative");
        Rule(WarmupRatio is null || WarmupSteps is null, nameof(WarmupRatio), WarmupRatio, $"{nameof(WarmupSteps)} ({WarmupSteps}) is set too; set one of them");
        Rule(MaxSteps is null or < 1 || WarmupSteps is null || WarmupSteps <= MaxSteps, nameof(WarmupSteps), WarmupSteps, $"the run has only {nameof(MaxSteps)} {MaxSteps} updates");
        Rule(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "it must not be negative");
        Rule(AdamBeta1 is >= 0 and < 1, nameof(AdamBeta1), AdamBeta1, "it must lie in [0, 1)");
        Rule(AdamBeta2 is >= 0 and < 1, nameof(AdamBeta2), AdamBeta2, "it must lie in [0, 1)");
        Rule(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "it must lie in [0, 1)");
        Rule(Momentum == 0 || Optimizer == OptimizerKind.Sgd, nameof(Momentum), Momentum, $"only {nameof(OptimizerKind.Sgd)} has one; {nameof(Optimizer)} is {Optimizer}");
        Rule(Enum.IsDefined(Optimizer), nameof(Optimizer), Optimizer, "there is no such optimizer");
        Rule(AdamEpsilon > 0, nameof(AdamEpsilon), AdamEpsilon, "it must be above 0");
        Rule(MaxGradientNorm >= 0, nameof(MaxGradientNorm), MaxGradientNorm, "it must not be negative (0 clips nothing)");
        Rule(LabelSmoothingFactor is >= 0 and < 1, nameof(LabelSmoothingFactor), LabelSmoothingFactor, "it must lie in [0, 1)");
        Rule(NeftuneNoiseAlpha is null || (NeftuneNoiseAlpha > 0 && double.IsFinite(NeftuneNoiseAlpha.Value)), nameof(NeftuneNoiseAlpha), NeftuneNoiseAlpha, "it must be above 0, or null");
        Interval(nameof(LoggingSteps), LoggingSteps, LoggingStrategy == IntervalStrategy.Steps);
        Interval(nameof(EvaluationSteps), EvaluationSteps ?? LoggingSteps, EvaluationStrategy == IntervalStrategy.Steps);
        Interval(nameof(SaveSteps), SaveSteps, SaveStrategy == SaveStrategy.Steps);
        Rule(EvaluationDelay >= 0, nameof(EvaluationDelay), EvaluationDelay, "it must not be negative");
        Rule(MaxEvaluationRows is null or >= 1, nameof(MaxEvaluationRows), MaxEvaluationRows, "it must be at least 1, or null");
        Rule(SaveTotalLimit is null or >= 1, nameof(SaveTotalLimit), SaveTotalLimit, "it must be at least 1, or null");
        Rule(ReleaseMemoryEvery >= 0, nameof(ReleaseMemoryEvery), ReleaseMemoryEvery, "it must not be negative (0 never gives memory back)");
        Rule(GeneratedPrompts >= 0, nameof(GeneratedPrompts), GeneratedPrompts, "it must not be negative");
        Rule(GeneratedTokens >= 1, nameof(GeneratedTokens), GeneratedTokens, "it must be at least 1");
        BestModel();
        rules.AddRange(ScheduleCheck.Problems(Schedule, ScheduleOptions ?? new ScheduleOptions()));
        return rules;

        void Interval(string property, double value, bool used)
            => Rule(!used || (value > 0 && double.IsFinite(value) && (value < 1 || value == Math.Floor(value))), property, value, "it must be a whole number of updates, or a share of the run below 1");

        void BestModel()
        {
            if (!NeedsBestMetric) return;
            var wanted = LoadBestModelAtEnd ? nameof(LoadBestModelAtEnd) : SaveStrategy == SaveStrategy.Best ? $"{nameof(SaveStrategy)} {SaveStrategy}" : $"{nameof(Schedule)} {Schedule}";
            Rule(EvaluationStrategy != IntervalStrategy.No, nameof(EvaluationStrategy), EvaluationStrategy, $"{wanted} needs evaluations");
            if (!LoadBestModelAtEnd || SaveStrategy == SaveStrategy.Best) return;
            Rule(SaveStrategy.ToString() == EvaluationStrategy.ToString(), nameof(SaveStrategy), SaveStrategy, $"{wanted} needs the same strategy as {nameof(EvaluationStrategy)} ({EvaluationStrategy})");
            if (SaveStrategy != SaveStrategy.Steps || EvaluationStrategy != IntervalStrategy.Steps) return;
            var every = EvaluationSteps ?? LoggingSteps;
            Rule(IsMultiple(SaveSteps, every), nameof(SaveSteps), SaveSteps, FormattableString.Invariant($"{wanted} needs a multiple of {nameof(EvaluationSteps)} ({every})"));
        }
    }

    // Shares of the run are compared as whole millionths: 0.3 is a multiple of 0.1, which binary fractions deny.
    private static bool IsMultiple(double value, double of)
    {
        if (of <= 0 || (value < 1) != (of < 1)) return false;
        return value >= 1 ? value % of == 0 : Math.Round(value * 1e6) % Math.Round(of * 1e6) == 0;
    }
}
