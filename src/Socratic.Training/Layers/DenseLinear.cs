using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>A linear layer that holds its weight as an ordinary parameter named <c>weight</c>, and an optional <c>bias</c>.</summary>
public sealed class DenseLinear : LinearLayer
{
    private readonly Parameter weight;
    private readonly Parameter? bias;

    /// <summary>
    /// Takes ownership of <paramref name="weight"/> [OutFeatures, InFeatures] and <paramref name="bias"/> [OutFeatures], both in their final dtype on their
    /// final device.
    /// </summary>
    public DenseLinear(Parameter weight, Parameter? bias = null)
        : base(nameof(DenseLinear), weight.shape[1], weight.shape[0])
    {
        this.weight = weight;
        this.bias = bias;
        register_parameter("weight", weight);
        if (bias is not null) register_parameter("bias", bias);
    }

    /// <summary>The weight [OutFeatures, InFeatures].</summary>
    public Parameter Weight => weight;

    /// <inheritdoc/>
    public override Parameter? Bias => bias;

    /// <inheritdoc/>
    public override bool AddsDeltaInFloat32 => true;

    /// <inheritdoc/>
    public override ScalarType OutputType(ScalarType input) => weight.dtype;

    /// <inheritdoc/>
    public override Tensor DenseWeight(ScalarType dtype)
    {
        using var _ = no_grad();
        return weight.detach().to(dtype, copy: true);
    }

    /// <inheritdoc/>
    public override bool TrySetDenseWeight(Tensor weight)
    {
        using var _ = no_grad();
        this.weight.copy_(weight);
        return true;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, Tensor>> StoredTensors() => bias is null ? [new("weight", weight)] : [new("weight", weight), new("bias", bias)];

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (MixedPrecision.IsOn || input.dtype != ScalarType.Float32 || weight.dtype == ScalarType.Float32) return MixedPrecision.Linear(input, weight, bias);
        // Norms in float32 before a layer in 16 bits: the product is in the weight's dtype, what goes on keeps the input's.
        using var scope = NewDisposeScope();
        return nn.functional.linear(input.to(weight.dtype), weight, bias).to(input.dtype).MoveToOuterDisposeScope();
    }
}
