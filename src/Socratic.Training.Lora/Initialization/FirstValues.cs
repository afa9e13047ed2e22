using Socratic.Training.Lora.Layers;
using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Initialization;

/// <summary>
/// The first values of A and B, drawn on the CPU with torch's generator in PEFT's order: a seed gives PEFT's numbers, on any device. PEFT first makes two
/// ordinary linear layers, whose random values it then overwrites; those draws are made here too.
/// </summary>
internal static class FirstValues
{
    /// <summary>
    /// A [rank, in], B [out, rank] and, if asked for, B's bias [out], in float32 on the CPU, for the weight W [out, in], which is read only by
    /// initializations that decompose it.
    /// </summary>
    public static (Tensor A, Tensor B, Tensor? Bias) Draw(LoraInitialization initialization, LayerSettings settings, long inFeatures, long outFeatures, bool hasBias, Func<Tensor> weight)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (a, b) = (Uniform(settings.Rank, inFeatures), Uniform(outFeatures, settings.Rank));
        var bound = 1 / Math.Sqrt(settings.Rank);
        var bias = hasBias ? empty([outFeatures], ScalarType.Float32).uniform_(-bound, bound) : null;
        if (!initialization.Equals(LoraInitialization.Random))
        {
            bias?.zero_();
            (a, b) = initialization switch
            {
                { ChangesBase: true } => Decomposition.Of(weight().cpu(), initialization, settings.Rank, settings.Scale),
                _ when initialization.Equals(LoraInitialization.Orthogonal) => Orthogonal(settings.Rank, inFeatures, outFeatures),
                _ when initialization.Equals(LoraInitialization.Gaussian) => (Gaussian(settings.Rank, inFeatures), b.zero_()),
                _ => (Uniform(settings.Rank, inFeatures), b.zero_()),
            };
        }
        bias?.MoveToOuterDisposeScope();
        return (a.MoveToOuterDisposeScope(), b.MoveToOuterDisposeScope(), bias);
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

    /// <summary>Random combinations of the odd rows of an orthogonal matrix for A and of the even ones for B, so that B A = 0.</summary>
    private static (Tensor A, Tensor B) Orthogonal(long rank, long inFeatures, long outFeatures)
    {
        var q = linalg.qr(randn([rank, rank], ScalarType.Float32)).Q;
        var halves = q.view(rank / 2, 2, rank);
        var a = randn([inFeatures, rank / 2], ScalarType.Float32).mm(halves.select(1, 0)).t().DividedBy(10);
        var b = randn([rank / 2, outFeatures], ScalarType.Float32).t().mm(halves.select(1, 1)).DividedBy(10);
        return (a.contiguous(), b.contiguous());
    }
}
