using Socratic.Training.Lora.Files;
using Socratic.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>
/// The share of a tied head whose embedding has an adapter and is to stay tied with it: the same two parameters the other way round, scale A^T B^T x.
/// </summary>
internal sealed class TiedHeadAdapter(EmbeddingAdapter source) : LinearAdapter(source.Settings, source.A, source.B, null)
{
    /// <inheritdoc/>
    public override IEnumerable<(string Name, Parameter Parameter)> Parameters => [];

    /// <summary>What PEFT stores under the head's own names: B^T and A^T.</summary>
    public IEnumerable<(string Template, Tensor Tensor)> Transposed => [(AdapterNames.A, B.t()), (AdapterNames.B, A.t())];

    /// <inheritdoc/>
    public override Tensor Add(Tensor input, Tensor output, bool isBaseOutput, bool inFloat32, bool training)
    {
        using var dropped = Drop(input, training);
        using var low = (dropped ?? input).mm(B);
        using var share = low.mm(A);
        return Sum(output, share, Scale, inFloat32);
    }

    /// <inheritdoc/>
    public override Tensor Change(Tensor weight)
    {
        using var none = no_grad();
        using var product = A.t().mm(B.t());
        return product.Times(Scale);
    }
}
