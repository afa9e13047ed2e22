using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Initialization;

/// <summary>LoftQ: W is brought to 4 bits, A and B take the leading part of what that lost. Which 4 bits, the layer knows.</summary>
/// <param name="A">[rank, in], float32, on the CPU.</param>
/// <param name="B">[out, rank], likewise.</param>
/// <param name="Weight">What the layer is to be given: W, or after several turns W less the product of the turn before.</param>
internal sealed record LoftqStart(Tensor A, Tensor B, Tensor Weight)
{
    /// <exception cref="ArgumentException">The layer is not in 4 bits, or what its weight was is not known.</exception>
    public static LoftqStart Make(string path, LinearLayer layer, long rank, int turns)
    {
        if (layer.CodedWeights == 0)
            throw new ArgumentException($"'{path}' is dense, and init_lora_weights loftq needs layers in 4 bits: load the model with load => load.QuantizeTo4Bit() of Socratic.Training.Quantization.");
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var weight = Original(path, layer).cpu();
        var (given, a, b) = (weight, weight, weight);
        for (var turn = 0; turn < turns; turn++)
        {
            if (turn > 0) given = Decomposition.Residual(weight, a, b, 1);
            (a, b) = Decomposition.Of(weight.sub(layer.Rounded(given).cpu()), LoraInitialization.Pissa, rank, 1);
        }
        return new LoftqStart(a.clone().MoveToOuterDisposeScope(), b.clone().MoveToOuterDisposeScope(), given.clone().DetachFromDisposeScope());
    }

    private static Tensor Original(string path, LinearLayer layer)
    {
        try
        {
            return layer.OriginalWeight(ScalarType.Float32);
        }
        catch (NotSupportedException e)
        {
            throw new ArgumentException($"'{path}': init_lora_weights loftq needs the weight as it was before 4 bits. {e.Message}", e);
        }
    }
}
