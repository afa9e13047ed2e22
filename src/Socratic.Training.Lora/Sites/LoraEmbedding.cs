using Socratic.Training.Layers;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>An embedding with adapters beside it. A tied head keeps multiplying with the table as it was.</summary>
internal sealed class LoraEmbedding : EmbeddingLayer, IAdapterSite
{
    private readonly Dictionary<string, EmbeddingAdapter> adapters = new(StringComparer.Ordinal);
    private readonly List<string> merged = [];
    private IReadOnlyList<string> activeNames = [];
    private EmbeddingAdapter[] active = [];
    private Tensor? original;

    public LoraEmbedding(string path, EmbeddingLayer layer)
        : base(nameof(LoraEmbedding), layer.VocabularySize, layer.Size)
    {
        Path = path;
        Base = layer;
        register_module("base_layer", layer);
        train(layer.training);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>The embedding as it was.</summary>
    public EmbeddingLayer Base { get; }

    /// <inheritdoc/>
    public bool IsEmpty => adapters.Count == 0;

    /// <inheritdoc/>
    public override Parameter Weight => Base.Weight;

    /// <inheritdoc/>
    public override double? Scale => Base.Scale;

    /// <summary>Adds an adapter, which is off until <see cref="SetActive"/>; takes ownership.</summary>
    public void Add(string name, EmbeddingAdapter adapter)
    {
        adapters.Add(name, adapter);
        ParameterHolder.Register(this, name, adapter.Parameters);
    }

    /// <inheritdoc/>
    public void SetActive(IReadOnlyList<string> names)
    {
        activeNames = names;
        active = [.. names.Where(n => !merged.Contains(n)).Select(n => adapters.GetValueOrDefault(n)).OfType<EmbeddingAdapter>()];
    }

    /// <inheritdoc/>
    public void Merge(IReadOnlyList<string> names, bool roundShare)
    {
        var all = merged.Concat(names.Where(n => adapters.ContainsKey(n) && !merged.Contains(n))).ToArray();
        if (all.Length == merged.Count) return;
        using var none = no_grad();
        var before = original ?? Base.Weight.detach().clone().DetachFromDisposeScope();
        // PEFT rounds the share of an embedding first, asked or not.
        using var table = MergedWeight.Add(before, all.Select(n => adapters[n].Change()), roundShare: true, Path);
        original = before;
        Base.Weight.copy_(table);
        merged.Clear();
        merged.AddRange(all);
        SetActive(activeNames);
    }

    /// <inheritdoc/>
    public void Unmerge()
    {
        if (merged.Count == 0) return;
        using var none = no_grad();
        Base.Weight.copy_(original!);
        ForgetOriginal();
        SetActive(activeNames);
    }

    /// <inheritdoc/>
    public void Remove(string name)
    {
        if (!adapters.Remove(name, out var adapter)) return;
        ParameterHolder.Unregister(this, name, adapter.Parameters);
        adapter.Dispose();
        SetActive(activeNames);
    }

    /// <inheritdoc/>
    public void Unload(AdapterHost host)
    {
        ForgetOriginal();
        host.Replace(Path, Base);
        register_module("base_layer", null!);
        foreach (var adapter in adapters.Values) adapter.Dispose();
        Dispose();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor ids)
    {
        var output = Base.call(ids);
        if (active.Length == 0) return output;
        var dtype = output.dtype;
        foreach (var adapter in active)
        {
            var sum = adapter.Add(Base, ids, output);
            output.Dispose();
            output = sum;
        }
        if (output.dtype == dtype) return output;
        var rounded = output.to(dtype);
        output.Dispose();
        return rounded;
    }

    /// <inheritdoc/>
    public override Tensor Lookup(Tensor table, Tensor ids) => Base.Lookup(table, ids);

    /// <summary>Everything is registered above, by PEFT's names.</summary>
    protected override void RegisterComponents()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) ForgetOriginal();
        base.Dispose(disposing);
    }

    private void ForgetOriginal()
    {
        original?.Dispose();
        original = null;
        merged.Clear();
    }
}
