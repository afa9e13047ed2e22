using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// A linear map y = x W^T + b, W of shape [OutFeatures, InFeatures]: the framework's own linear module and the place where adapters and
/// 4-bit weights meet. A dense layer holds W itself; a quantized layer holds codes; a LoRA layer wraps any other linear layer.
/// </summary>
public abstract class LinearLayer : nn.Module<Tensor, Tensor>
{
    /// <summary>Creates the layer; <paramref name="name"/> is the module's type name as shown in summaries.</summary>
    protected LinearLayer(string name, long inFeatures, long outFeatures)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inFeatures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outFeatures);
        InFeatures = inFeatures;
        OutFeatures = outFeatures;
    }

    /// <summary>Size of the last dimension of the input.</summary>
    public long InFeatures { get; }

    /// <summary>Size of the last dimension of the output.</summary>
    public long OutFeatures { get; }

    /// <summary>The bias of shape [OutFeatures], or null.</summary>
    public abstract Parameter? Bias { get; }

    /// <summary>The dtype the layer's output has for an input of <paramref name="input"/>.</summary>
    public abstract ScalarType OutputType(ScalarType input);

    /// <summary>
    /// True if an adapter's share is added to the output in float32 and rounded once (dense layers);
    /// false if it is first rounded to the output's dtype and added there (4-bit layers), as PEFT does.
    /// </summary>
    public abstract bool AddsDeltaInFloat32 { get; }

    /// <summary>The weight W [OutFeatures, InFeatures] in <paramref name="dtype"/>: a new tensor the caller owns.</summary>
    public abstract Tensor DenseWeight(ScalarType dtype);

    /// <summary>
    /// Replaces W by <paramref name="weight"/> [OutFeatures, InFeatures] (copied, rounded to the layer's own form).
    /// False if the layer cannot hold another weight.
    /// </summary>
    public abstract bool TrySetDenseWeight(Tensor weight);
}
