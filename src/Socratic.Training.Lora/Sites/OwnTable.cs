using Socratic.Training.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>An embedding like another, with a table of its own: what a merge leaves where the table was shared with the head.</summary>
internal sealed class OwnTable : EmbeddingLayer
{
    private readonly EmbeddingLayer like;

    public OwnTable(EmbeddingLayer like, Parameter weight)
        : base(nameof(OwnTable), like.VocabularySize, like.Size)
    {
        this.like = like;
        Weight = weight;
        register_parameter("weight", weight);
    }

    /// <inheritdoc/>
    public override Parameter Weight { get; }

    /// <inheritdoc/>
    public override double? Scale => like.Scale;

    /// <inheritdoc/>
    public override Tensor forward(Tensor ids) => like.Lookup(Weight, ids);

    /// <inheritdoc/>
    public override Tensor Lookup(Tensor table, Tensor ids) => like.Lookup(table, ids);

    /// <summary>The table is registered above; the other embedding is not part of this one.</summary>
    protected override void RegisterComponents()
    {
    }
}
