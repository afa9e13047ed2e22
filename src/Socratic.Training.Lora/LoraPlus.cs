using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Lora;

/// <summary>
/// LoRA+ (arXiv 2402.12354): B learns faster than A. Groups for any optimizer, as PEFT's create_loraplus_optimizer makes them; a trainer's
/// <c>CreateOptimizer</c> returns <c>new AdamW(LoraPlus.Groups(model, ...))</c>.
/// </summary>
public static class LoraPlus
{
    /// <summary>
    /// Four groups, any of which may be empty: A and modules trained in full; embedding adapters; B and everything of one dimension; biases, which are not decayed.
    /// </summary>
    /// <param name="module">The model with its adapters.</param>
    /// <param name="learningRate">The rate of A.</param>
    /// <param name="weightDecay">The decay of all but biases.</param>
    /// <param name="ratio">The rate of B divided by that of A.</param>
    /// <param name="embeddingLearningRate">The rate of embedding adapters.</param>
    public static IReadOnlyList<OptimizerGroup> Groups(nn.Module module, double learningRate, double weightDecay = 0, double ratio = 16, double embeddingLearningRate = 1e-6)
    {
        ArgumentNullException.ThrowIfNull(module);
        var groups = ParameterGroups.Trainables(module).ToLookup(KindOf);
        return
        [
            new OptimizerGroup([.. groups[Kind.A]], learningRate, weightDecay),
            new OptimizerGroup([.. groups[Kind.Embedding]], embeddingLearningRate, weightDecay),
            new OptimizerGroup([.. groups[Kind.B]], learningRate * ratio, weightDecay),
            new OptimizerGroup([.. groups[Kind.Bias]], learningRate * ratio),
        ];
    }

    private enum Kind
    {
        A,
        Embedding,
        B,
        Bias,
    }

    private static Kind KindOf(TrainableParameter parameter)
    {
        if (parameter.Name.Contains("lora_embedding_", StringComparison.Ordinal)) return Kind.Embedding;
        if (!parameter.Name.Contains("lora_B", StringComparison.Ordinal) && parameter.Value.dim() != 1) return Kind.A;
        return parameter.Name.Contains("bias", StringComparison.Ordinal) ? Kind.Bias : Kind.B;
    }
}
