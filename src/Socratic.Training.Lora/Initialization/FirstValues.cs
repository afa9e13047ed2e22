using Socratic.Training.Lora.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Initialization;

/// <summary>
/// The first values of A and B, drawn on the CPU with torch's generator in PEFT's order: a seed gives PEFT's numbers, on any device. PEFT first makes two
/// ordinary linear layers, whose random values it then overwrites; those draws are made here too.
/// </summary>
internal static class FirstValues
{
    /// <summary>A [rank, inFeatures], B [outFeatures, rank] and, if asked for, B's bias [outFeatures], in float32 on the CPU.</summary>
    public static (Tensor A, Tensor B, Tensor? Bias) Draw(LoraInitialization initialization, LayerSettings settings, long inFeatures, long outFeatures, bool hasBias)
    {
        using var none = no_grad();
        var discarded = Uniform(settings.Rank, inFeatures);
        var b = Uniform(outFeatures, settings.Rank);
        var bound = 1 / Math.Sqrt(settings.Rank);
        var bias = hasBias ? empty([outFeatures], ScalarType.Float32).uniform_(-bound, bound) : null;
        if (initialization.Equals(LoraInitialization.Random)) return (discarded, b, bias);
        discarded.Dispose();
        var a = initialization.Equals(LoraInitialization.Gaussian) ? Gaussian(settings.Rank, inFeatures) : Uniform(settings.Rank, inFeatures);
        return (a, b.zero_(), bias?.zero_());
    }

    /// <summary>A [rank, vocabulary] and B [size, rank] of an embedding: A zero, B normal; other kinds of first values mean linear layers only.</summary>
    public static (Tensor A, Tensor B) DrawEmbedding(LoraInitialization initialization, long rank, long vocabulary, long size)
    {
        using var none = no_grad();
        var (a, b) = (randn([rank, vocabulary], ScalarType.Float32), randn([size, rank], ScalarType.Float32));
        return initialization.Equals(LoraInitialization.Random) ? (a, b) : (a.zero_(), b.normal_());
    }

    /// <summary>Kaiming uniform with a = sqrt 5: uniform within 1 / sqrt(columns).</summary>
    internal static Tensor Uniform(long rows, long columns) => nn.init.kaiming_uniform_(empty([rows, columns], ScalarType.Float32), Math.Sqrt(5));

    /// <summary>Normal with standard deviation 1 / rows.</summary>
    internal static Tensor Gaussian(long rows, long columns) => empty([rows, columns], ScalarType.Float32).normal_(0, 1.0 / rows);
}
