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

    /// <summary>
    /// x W^T + b as the layers of a model compute it: in the dtype of its factors, or, where a trainer has mixed precision on, in bfloat16 for float32 factors
    /// (<see cref="TrainingPrecision.Mixed"/>), as under torch's autocast.
    /// </summary>
    /// <param name="input">x, [..., in].</param>
    /// <param name="weight">W, [out, in].</param>
    /// <param name="bias">b, [out], or null.</param>
    /// <returns>[..., out], a new tensor.</returns>
    public static Tensor Product(Tensor input, Tensor weight, Tensor? bias = null) => MixedPrecision.Linear(input, weight, bias);

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

    /// <summary>
    /// W [OutFeatures, InFeatures] as it was before it was rounded to the layer's own form, where it can still be had (a 4-bit layer reads its checkpoint
    /// again); else as <see cref="DenseWeight"/>. A new tensor the caller owns.
    /// </summary>
    /// <exception cref="NotSupportedException">The weight was rounded, and what it was cannot be had.</exception>
    public virtual Tensor OriginalWeight(ScalarType dtype) => DenseWeight(dtype);

    /// <summary>
    /// What the layer would hold of <paramref name="weight"/> [OutFeatures, InFeatures], in float32: what <see cref="DenseWeight"/> gives after
    /// <see cref="TrySetDenseWeight"/>, without changing the layer. A new tensor the caller owns.
    /// </summary>
    public virtual Tensor Rounded(Tensor weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        using var none = no_grad();
        using var rounded = weight.to(ComputeType);
        return rounded.to(ScalarType.Float32, copy: true);
    }

    /// <summary>Keeps W as it is now, to be given back bit for bit, until the result is disposed.</summary>
    public virtual KeptWeight KeepWeight() => new DenseCopy(this);

    /// <summary>The dtype in which the layer multiplies when the model's own dtype comes in.</summary>
    public virtual ScalarType ComputeType => OutputType(ScalarType.Float32);

    /// <summary>How many weights the layer holds in another form than parameters (4-bit codes): they count among the model's, but are never trained.</summary>
    public virtual long CodedWeights => 0;

    /// <summary>
    /// The tensors that a checkpoint holds of the layer, by their names below its path: its own, or small ones made in the caller's dispose scope. Null if a
    /// plain checkpoint cannot hold the layer (an adapter lies beside it).
    /// </summary>
    public virtual IReadOnlyList<KeyValuePair<string, Tensor>>? StoredTensors() => null;

    /// <summary>Takes the values that <see cref="StoredTensors"/> gave to a checkpoint back; the layer is unchanged if this throws.</summary>
    /// <exception cref="InvalidDataException">The tensors are not those of this layer; the message names file and tensor.</exception>
    public virtual void LoadStored(ITensorSource tensors) => throw new NotSupportedException($"A {GetType().Name} cannot be read from a checkpoint.");

    private sealed class DenseCopy(LinearLayer layer) : KeptWeight
    {
        private readonly Tensor weight = layer.DenseWeight(layer.ComputeType).DetachFromDisposeScope();

        public override Tensor Dense(ScalarType dtype) => weight.to(dtype, copy: true);

        public override void Restore() => layer.TrySetDenseWeight(weight);

        protected override void Dispose(bool disposing)
        {
            if (disposing) weight.Dispose();
        }
    }
}

/// <summary>A linear layer's weight at a moment.</summary>
public abstract class KeptWeight : IDisposable
{
    /// <summary>The weight [OutFeatures, InFeatures] in <paramref name="dtype"/>: a new tensor the caller owns.</summary>
    public abstract Tensor Dense(ScalarType dtype);

    /// <summary>Gives the layer the weight back, bit for bit; any number of times.</summary>
    public abstract void Restore();

    /// <summary>Frees what is kept; the layer keeps the weight it has.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what is kept.</summary>
    protected abstract void Dispose(bool disposing);
}
