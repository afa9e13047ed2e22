using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>Makes the optimizer that the options name, with the constants that Hugging Face's Trainer gives it.</summary>
internal static class OptimizerChoice
{
    /// <exception cref="NotSupportedException">The kind is made by another package, and its factory was not given.</exception>
    internal static IOptimizer Create(TrainingOptions options, nn.Module module)
    {
        var groups = ParameterGroups.Create(module, options.LearningRate, options.WeightDecay);
        return options.Optimizer switch
        {
            OptimizerKind.Sgd => new Sgd(groups, options.Momentum),
            OptimizerKind.Adafactor => new Adafactor(groups),
            OptimizerKind.Lion => new Lion(groups, options.AdamBeta1, options.AdamBeta2),
            OptimizerKind.AdamW8Bit => throw new NotSupportedException(
                $"{nameof(TrainingOptions.Optimizer)} is {nameof(OptimizerKind.AdamW8Bit)}, which the package Socratic.Training.Quantization makes: "
                + $"set {nameof(TrainerServices)}.{nameof(TrainerServices.OptimizerFactory)} to its EightBitOptimizers, or choose another."),
            _ => new AdamW(groups, options.AdamBeta1, options.AdamBeta2, options.AdamEpsilon),
        };
    }
}
