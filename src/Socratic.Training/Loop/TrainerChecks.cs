using Microsoft.Extensions.Options;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>What can only be said once the options meet the data.</summary>
internal static class TrainerChecks
{
    internal static void Data(TrainingOptions options, int trainRows, int? evaluationRows)
    {
        var errors = new List<string>();
        if (trainRows == 0) errors.Add("The training data is empty: at least one row is needed.");
        if (options.DropLastBatch && trainRows < options.TrainBatchSize)
            errors.Add($"{nameof(options.DropLastBatch)} leaves nothing: there are {trainRows} training rows and {nameof(options.TrainBatchSize)} is {options.TrainBatchSize}.");
        if (options.EvaluationStrategy != IntervalStrategy.No || options.EvaluateOnStart)
        {
            if (evaluationRows is null) errors.Add($"{nameof(options.EvaluationStrategy)} is {options.EvaluationStrategy} but there is no evaluation data: give the trainer some, or set it to {IntervalStrategy.No}.");
            else if (evaluationRows == 0) errors.Add("The evaluation data is empty: at least one row is needed.");
        }
        Throw(errors);
    }

    /// <summary>Some options change how a language model computes: no other module would heed them.</summary>
    internal static void Module(TrainingOptions options, nn.Module module)
    {
        if (module is CausalLanguageModel model)
        {
            if (options.Precision == TrainingPrecision.Mixed && model.Dtype != ScalarType.Float32)
                Throw([$"{nameof(options.Precision)} is {options.Precision}, but the model was loaded in {model.Dtype}: load it in {ScalarType.Float32}, or set {TrainingPrecision.AsLoaded}."]);
            return;
        }
        var asked = new List<string>();
        if (options.LabelSmoothingFactor != 0) asked.Add(nameof(options.LabelSmoothingFactor));
        if (options.NeftuneNoiseAlpha is not null) asked.Add(nameof(options.NeftuneNoiseAlpha));
        if (options.Precision == TrainingPrecision.Mixed) asked.Add(nameof(options.Precision));
        if (options.GradientCheckpointing) asked.Add(nameof(options.GradientCheckpointing));
        Throw([.. asked.Select(name => $"{name} is set, but only a {nameof(CausalLanguageModel)} can do that: the module is a {module.GetType().Name}. Leave it out, or compute it in the trainer's own ComputeLoss.")]);
    }

    internal static void Plan(TrainingOptions options, RunPlan plan)
    {
        if (plan.WarmupSteps > plan.MaxSteps)
            Throw([$"{nameof(options.WarmupSteps)} is {plan.WarmupSteps}: the run has only {plan.MaxSteps} updates."]);
    }

    private static void Throw(List<string> errors)
    {
        if (errors.Count > 0) throw new OptionsValidationException(nameof(TrainingOptions), typeof(TrainingOptions), errors);
    }
}
