using Socratic.Training.Layers;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>An embedding of which some rows are trained.</summary>
internal sealed class TokenRowsEmbedding : EmbeddingLayer, IAdapterSite
{
    private readonly TokenRowsState state = new();

    public TokenRowsEmbedding(string path, EmbeddingLayer layer)
        : base(nameof(TokenRowsEmbedding), layer.VocabularySize, layer.Size)
    {
        Path = path;
        Base = layer;
        register_module("original_module", layer);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>The embedding as it was.</summary>
    public EmbeddingLayer Base { get; }

    /// <inheritdoc/>
    public bool IsEmpty => state.IsEmpty;

    /// <inheritdoc/>
    public override Parameter Weight => Base.Weight;

    /// <inheritdoc/>
    public override double? Scale => Base.Scale;

    /// <summary>Adds trained rows, which are off until <see cref="SetActive"/>; takes ownership.</summary>
    public void Add(string name, TrainedRows rows)
    {
        state.Add(name, rows);
        ParameterHolder.Register(this, name, [rows.Named]);
    }

    /// <inheritdoc/>
    public void SetActive(IReadOnlyList<string> names) => state.SetActive(names);

    /// <inheritdoc/>
    public void Merge(IReadOnlyList<string> names, bool roundShare) => state.Merge(names, Base.Weight, Path);

    /// <inheritdoc/>
    public void Unmerge() => state.Unmerge(Base.Weight);

    /// <inheritdoc/>
    public void Remove(string name) => state.Remove(name, rows => ParameterHolder.Unregister(this, name, [rows.Named]));

    /// <inheritdoc/>
    public void Unload(AdapterHost host)
    {
        state.Forget();
        host.Replace(Path, Base);
        register_module("original_module", null!);
        foreach (var name in state.Names.ToArray()) Remove(name);
        Dispose();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor ids)
    {
        var vectors = Base.call(ids);
        foreach (var rows in state.Active)
        {
            var replaced = rows.Replace(vectors, ids, Base.Scale);
            vectors.Dispose();
            vectors = replaced;
        }
        return vectors;
    }

    /// <inheritdoc/>
    public override Tensor Lookup(Tensor table, Tensor ids) => Base.Lookup(table, ids);

    /// <summary>Everything is registered above, by PEFT's names.</summary>
    protected override void RegisterComponents()
    {
    }
}
