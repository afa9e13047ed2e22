using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>Makes the optimizer that the options name, with the constants that Hugging Face's Trainer gives it.</summary>
internal static class OptimizerChoice
{
    internal static IOptimizer Create(TrainingOptions options, nn.Module module)
    {
        var groups = ParameterGroups.Create(module, options.LearningRate, options.WeightDecay);
        return options.Optimizer switch
        {
            OptimizerKind.Sgd => new Sgd(groups, options.Momentum),
            OptimizerKind.Adafactor => new Adafactor(groups),
            OptimizerKind.Lion => new Lion(groups, options.AdamBeta1, options.AdamBeta2),
            _ => new AdamW(groups, options.AdamBeta1, options.AdamBeta2, options.AdamEpsilon),
        };
    }
}
