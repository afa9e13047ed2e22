using Socratic.Training.Native;
using Socratic.Training.Layers.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>How a norm's weight is applied.</summary>
internal enum NormKind
{
    /// <summary>Normed, rounded to the activations' dtype, then times the weight (Llama, Qwen, Mistral).</summary>
    Weight,

    /// <summary>Normed, times (1 + weight), all in float32, then rounded once (Gemma).</summary>
    OnePlusWeight,
}

/// <summary>Root-mean-square norm over the last dimension, Zhang and Sennrich 2019 (arXiv:1910.07467), computed in float32.</summary>
internal sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Scalar epsilon;

    /// <summary>Takes ownership of <paramref name="weight"/> [size].</summary>
    public RmsNorm(Parameter weight, double epsilon, NormKind kind)
        : base(nameof(RmsNorm))
    {
        this.weight = weight;
        Epsilon = epsilon;
        this.epsilon = epsilon.ToScalar();
        Kind = kind;
        register_parameter("weight", weight);
    }

    public Parameter Weight => weight;

    public double Epsilon { get; }

    public NormKind Kind { get; }

    public override Tensor forward(Tensor input)
    {
        if (!Fast.Applies(input, weight)) return Plain(input);
        if (Kind == NormKind.OnePlusWeight) return FusedNorm.Apply(input, weight, Epsilon, 1, input.dtype);
        if (input.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32) return FusedNorm.Apply(input, weight, Epsilon, 0, input.dtype);
        // The rounding before the weight is part of this kind's definition.
        using var one = TensorNumbers.Filled(weight.shape, 1, ScalarType.Float32, weight.device);
        using var normed = FusedNorm.Apply(input, one, Epsilon, 0, input.dtype);
        return normed * weight;
    }

    /// <summary>The norm by torch operators, with the reference's roundings in every dtype.</summary>
    internal Tensor Plain(Tensor input)
    {
        var dtype = input.dtype;
        var x = input.to(ScalarType.Float32);
        var normed = x * (x * x).mean([-1], keepdim: true).PlusNumber(epsilon).rsqrt();
        return Kind == NormKind.OnePlusWeight
            ? (normed * weight.to(ScalarType.Float32).PlusOne()).to(dtype)
            : normed.to(dtype) * weight;
    }
}
