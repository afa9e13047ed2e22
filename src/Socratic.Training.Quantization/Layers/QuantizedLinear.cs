using Socratic.Training.Layers;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Files;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Layers;

/// <summary>
/// A linear layer whose weight is held in 4 bits and never trained. It is no parameter: trainers and optimizers do not see it, checkpoints hold its codes and
/// scales.
/// </summary>
internal sealed class QuantizedLinear : LinearLayer
{
    private readonly Parameter? bias;
    private readonly QuantizedComputeDtype compute;
    private readonly ScalarType modelType;
    private readonly Func<Tensor>? original;
    private readonly List<KeptCodes> keptCodes = [];

    /// <summary>Takes ownership.</summary>
    /// <param name="weight">The weight, [out, in].</param>
    /// <param name="bias">The bias [out], or null.</param>
    /// <param name="compute">The dtype to multiply in.</param>
    /// <param name="modelType">The model's dtype: what <see cref="QuantizedComputeDtype.Auto"/> means where no input is there to ask.</param>
    /// <param name="original">Reads the weight as it was before; null if that cannot be had.</param>
    public QuantizedLinear(QuantizedTensor weight, Parameter? bias, QuantizedComputeDtype compute, ScalarType modelType, Func<Tensor>? original = null)
        : base(nameof(QuantizedLinear), weight.Shape[1], weight.Shape[0])
    {
        Weight = weight;
        this.bias = bias;
        this.compute = compute;
        this.modelType = modelType;
        this.original = original;
        if (bias is not null) register_parameter("bias", bias);
    }

    /// <summary>The codes and scales.</summary>
    public QuantizedTensor Weight { get; private set; }

    /// <inheritdoc/>
    public override Parameter? Bias => bias;

    /// <inheritdoc/>
    public override bool AddsDeltaInFloat32 => false;

    /// <inheritdoc/>
    public override ScalarType ComputeType => ComputeTypeFor(modelType);

    /// <inheritdoc/>
    public override long CodedWeights => Weight.Count;

    /// <inheritdoc/>
    public override ScalarType OutputType(ScalarType input) => input;

    /// <summary>The dtype the layer multiplies in for an input of <paramref name="input"/>.</summary>
    public ScalarType ComputeTypeFor(ScalarType input) => compute switch
    {
        QuantizedComputeDtype.Float32 => ScalarType.Float32,
        QuantizedComputeDtype.BFloat16 => ScalarType.BFloat16,
        QuantizedComputeDtype.Float16 => ScalarType.Float16,
        _ => input,
    };

    /// <inheritdoc/>
    public override Tensor DenseWeight(ScalarType dtype) => Weight.Dequantize(dtype);

    /// <inheritdoc/>
    public override Tensor OriginalWeight(ScalarType dtype)
    {
        if (original is null) throw new NotSupportedException(
            "The weights were loaded in 4 bits, and what they were before is not known: load the checkpoint that they were made of.");
        using var weight = original();
        return weight.to(dtype, Weight.Packed.device, copy: true);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The weight holds NaN or infinity, or has another shape.</exception>
    public override bool TrySetDenseWeight(Tensor weight)
    {
        if (!weight.shape.SequenceEqual(Weight.Shape))
            throw new ArgumentException($"A weight [{string.Join(", ", weight.shape)}] where [{string.Join(", ", Weight.Shape)}] is expected.", nameof(weight));
        Replace(Requantize(weight));
        return true;
    }

    /// <inheritdoc/>
    public override Tensor Rounded(Tensor weight)
    {
        using var rounded = Requantize(weight);
        return rounded.Dequantize(ScalarType.Float32);
    }

    /// <inheritdoc/>
    public override KeptWeight KeepWeight()
    {
        var kept = new KeptCodes(this, Weight);
        keptCodes.Add(kept);
        return kept;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<KeyValuePair<string, Tensor>> StoredTensors()
    {
        var tensors = StoredWeight.Tensors(Weight);
        return bias is null ? tensors : [.. tensors, new("bias", bias)];
    }

    /// <inheritdoc/>
    public override void LoadStored(ITensorSource tensors)
    {
        var weight = StoredWeight.Read(tensors, InFeatures, OutFeatures);
        if (bias is not null)
        {
            using var none = no_grad();
            using var value = tensors.Read("bias");
            if (!value.shape.SequenceEqual(bias.shape))
            {
                weight.Dispose();
                throw new InvalidDataException($"{tensors.Locate("bias")} has the shape [{string.Join(", ", value.shape)}], expected [{OutFeatures}].");
            }
            bias.copy_(value);
        }
        Replace(weight);
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (input.dim() == 0 || input.shape[^1] != InFeatures)
            throw new ArgumentException($"An input of shape [{string.Join(", ", input.shape)}] for a layer of {InFeatures} features.", nameof(input));
        return QuantizedProduct.Apply(input, this);
    }

    /// <summary>Everything is registered above.</summary>
    protected override void RegisterComponents()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Weight.Dispose();
        base.Dispose(disposing);
    }

    private QuantizedTensor Requantize(Tensor weight)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var options = new QuantizationOptions { Type = Weight.Type, BlockSize = Weight.BlockSize, DoubleQuantization = Weight.Nested is not null };
        var codes = QuantizedTensor.Quantize(weight.detach().cpu(), options);
        if (codes.SourceIsFinite) return codes.To(Weight.Packed.device);
        codes.Dispose();
        throw new ArgumentException("The weight holds NaN or infinity, which 4 bits cannot.", nameof(weight));
    }

    private void Replace(QuantizedTensor weight)
    {
        if (keptCodes.TrueForAll(k => !ReferenceEquals(k.Codes, Weight))) Weight.Dispose();
        Weight = weight;
    }

    /// <summary>The codes themselves: nothing is copied, the layer gets others.</summary>
    private sealed class KeptCodes(QuantizedLinear layer, QuantizedTensor codes) : KeptWeight
    {
        public QuantizedTensor Codes => codes;

        /// <summary>Through the dtype the weights had: what an adapter's share is added to, in PEFT as well.</summary>
        public override Tensor Dense(ScalarType dtype)
        {
            if (codes.Dtype == dtype || codes.Dtype == ScalarType.Float32) return codes.Dequantize(dtype);
            using var own = codes.Dequantize(codes.Dtype);
            return own.to(dtype);
        }

        public override void Restore()
        {
            if (!ReferenceEquals(layer.Weight, codes)) layer.Replace(codes);
        }

        protected override void Dispose(bool disposing)
        {
            if (!disposing || !layer.keptCodes.Remove(this)) return;
            if (!ReferenceEquals(layer.Weight, codes) && layer.keptCodes.TrueForAll(k => !ReferenceEquals(k.Codes, codes))) codes.Dispose();
        }
    }
}
