using Socratic.Training.Layers;
using Socratic.Training.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization;

/// <summary>
/// Gives trainers the optimizers with 8-bit state: with these in <see cref="TrainerServices.OptimizerFactory"/> a run may ask for <see cref="OptimizerKind.AdamW8Bit"/>
/// (<c>adamw_bnb_8bit</c>).
/// </summary>
public sealed class EightBitOptimizers : IOptimizerFactory
{
    /// <summary>An <see cref="AdamW8Bit"/> where the options ask for it; moments of token tables stay in 32 bits, as with transformers' Trainer.</summary>
    /// <param name="module">The module that is trained.</param>
    /// <param name="options">They name the kind, its rate and its constants.</param>
    /// <returns>The optimizer, or null for another kind.</returns>
    /// <exception cref="ArgumentException">A parameter's dtype, device or layout is not supported.</exception>
    public IOptimizer? Create(nn.Module module, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Optimizer != OptimizerKind.AdamW8Bit) return null;
        var tables = module.named_modules().Where(m => m.module is EmbeddingLayer or Embedding).Select(m => m.name + ".weight").ToHashSet(StringComparer.Ordinal);
        return new AdamW8Bit(
            ParameterGroups.Create(module, options.LearningRate, options.WeightDecay), options.AdamBeta1, options.AdamBeta2, options.AdamEpsilon, tables);
    }
}
