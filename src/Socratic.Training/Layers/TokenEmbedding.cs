using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>The table of token vectors.</summary>
internal sealed class TokenEmbedding : EmbeddingLayer
{
    private readonly Parameter weight;
    private readonly Scalar? paddingId;
    private readonly Scalar? factor;

    /// <summary>Takes ownership of <paramref name="weight"/> [vocabulary, size].</summary>
    /// <param name="weight">The table.</param>
    /// <param name="paddingId">The id whose row gets no gradient from this side, also where the id is a real token; as torch's padding_idx.</param>
    /// <param name="scale">What the vectors are multiplied by, rounded to their dtype first (Gemma: the root of the size).</param>
    public TokenEmbedding(Parameter weight, long? paddingId, double? scale)
        : base(nameof(TokenEmbedding), weight.shape[0], weight.shape[1])
    {
        this.weight = weight;
        this.paddingId = paddingId?.ToScalar();
        Scale = scale is null ? null : RoundTo(scale.Value, weight.dtype);
        factor = Scale?.ToScalar();
        register_parameter("weight", weight);
    }

    /// <inheritdoc/>
    public override Parameter Weight => weight;

    /// <inheritdoc/>
    public override double? Scale { get; }

    /// <summary>Ids, int64 of any shape, to vectors with one more dimension.</summary>
    public override Tensor forward(Tensor ids) => Lookup(weight, ids);

    /// <inheritdoc/>
    public override Tensor Lookup(Tensor table, Tensor ids)
    {
        var flat = ids.reshape(-1);
        var vectors = table.index_select(0, flat);
        if (paddingId is not null && table.requires_grad && is_grad_enabled())
            vectors = vectors.where(flat.ne(paddingId).unsqueeze(-1), vectors.detach());
        vectors = vectors.view([.. ids.shape, table.shape[1]]);
        return factor is null ? vectors : vectors * factor;
    }

    private static double RoundTo(double value, ScalarType dtype)
    {
        using var exact = tensor(value, dtype);
        using var wide = exact.to(ScalarType.Float64);
        return wide.ToDouble();
    }
}
