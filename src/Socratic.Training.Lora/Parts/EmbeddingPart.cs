using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Initialization;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Parts;

/// <summary>An embedding that gets an adapter.</summary>
/// <param name="path">Its path.</param>
/// <param name="layer">The embedding without adapters.</param>
/// <param name="settings">What the adapter is made with.</param>
/// <param name="savesBase">Whether the table itself is saved beside the adapter.</param>
/// <param name="tiedHead">The path of a tied head that is to follow with the same parameters, or null.</param>
/// <param name="initialization">How first values are made.</param>
internal sealed class PlannedEmbedding(string path, EmbeddingLayer layer, LayerSettings settings, bool savesBase, string? tiedHead, LoraInitialization initialization)
    : PlannedPart(path, initialization)
{
    private readonly long[] table = [layer.VocabularySize, layer.Size];

    /// <inheritdoc/>
    public override IEnumerable<TensorSpec> Tensors
    {
        get
        {
            yield return new(Path, AdapterNames.EmbeddingA, [settings.Rank, layer.VocabularySize]);
            yield return new(Path, AdapterNames.EmbeddingB, [layer.Size, settings.Rank]);
            if (savesBase) yield return new(Path, AdapterNames.BaseWeight, table, IsOptional: true);
            if (tiedHead is null) yield break;
            yield return new(tiedHead, AdapterNames.A, [settings.Rank, layer.Size]);
            yield return new(tiedHead, AdapterNames.B, [layer.VocabularySize, settings.Rank]);
            if (savesBase) yield return new(tiedHead, AdapterNames.BaseWeight, table, IsOptional: true);
        }
    }

    /// <inheritdoc/>
    public override AdapterPart Create()
    {
        var (a, b) = FirstValues.DrawEmbedding(Initialization, settings.Rank, layer.VocabularySize, layer.Size);
        return Make(a, b, layer.Weight.dtype, null);
    }

    /// <inheritdoc/>
    public override AdapterPart Create(IReadOnlyList<Tensor?> values)
    {
        var first = savesBase ? 3 : 2;
        if (tiedHead is not null)
        {
            // The same two tensors the other way round; PEFT writes both.
            RequireEqual(values[first]!, values[1]!.t(), AdapterNames.FileKey(tiedHead, AdapterNames.A));
            RequireEqual(values[first + 1]!, values[0]!.t(), AdapterNames.FileKey(tiedHead, AdapterNames.B));
        }
        foreach (var copy in values.Skip(first)) copy?.Dispose();
        return Make(values[0]!, values[1]!, ScalarType.Float32, savesBase ? values[2] : null);
    }

    private EmbeddingPart Make(Tensor a, Tensor b, ScalarType rounded, Tensor? baseWeight)
    {
        var device = layer.Weight.device;
        return new EmbeddingPart(Path, layer, new EmbeddingAdapter(settings, MakeParameter(a, rounded, device), MakeParameter(b, rounded, device)), savesBase, baseWeight, tiedHead);
    }
}

/// <summary>An adapter's A and B at an embedding.</summary>
internal sealed class EmbeddingPart(string path, EmbeddingLayer layer, EmbeddingAdapter adapter, bool savesBase, Tensor? baseWeight, string? tiedHead) : AdapterPart(path)
{
    private readonly TiedHeadAdapter? head = tiedHead is null ? null : new TiedHeadAdapter(adapter);

    /// <inheritdoc/>
    public override (Parameter A, Parameter B, double Scale)? Product => head is null ? (adapter.A, adapter.B, adapter.Scale) : null;

    /// <inheritdoc/>
    public override IEnumerable<AdaptedLayer> Layers
    {
        get
        {
            yield return new AdaptedLayer(Path, adapter.Settings.Rank, adapter.Settings.Alpha, adapter.Scale);
            if (tiedHead is not null) yield return new AdaptedLayer(tiedHead, adapter.Settings.Rank, adapter.Settings.Alpha, adapter.Scale);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Template, Parameter Parameter)> Parameters => adapter.Parameters;

    /// <inheritdoc/>
    public override IEnumerable<StoredTensor> Stored
    {
        get
        {
            foreach (var tensor in base.Stored) yield return tensor;
            if (savesBase) yield return new(Path, AdapterNames.BaseWeight, layer.Weight);
            foreach (var tensor in Aliases) yield return tensor;
            if (savesBase && tiedHead is not null) yield return new(tiedHead!, AdapterNames.BaseWeight, layer.Weight);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<StoredTensor> Aliases => head?.Transposed.Select(t => new StoredTensor(tiedHead!, t.Template, t.Tensor)) ?? [];

    /// <inheritdoc/>
    public override void SetStrength(double factor)
    {
        adapter.Scale = adapter.Settings.Scale * factor;
        if (head is not null) head.Scale = adapter.Scale;
    }

    /// <inheritdoc/>
    public override void Attach(AdapterHost host, ICollection<IAdapterSite> sites, string name)
    {
        if (sites.OfType<LoraEmbedding>().FirstOrDefault(s => s.Path == Path) is not { } site)
        {
            sites.Add(site = new LoraEmbedding(Path, layer));
            host.Replace(Path, site);
        }
        site.Add(name, adapter);
        if (head is not null) LinearPart.Site(host, sites, tiedHead!, (LinearLayer)host.Module(tiedHead!)).Add(name, head);
        if (baseWeight is null) return;
        using var none = no_grad();
        layer.Weight.copy_(baseWeight);
        baseWeight.Dispose();
    }
}
