using Socratic.Training.Layers;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>A linear layer with adapters beside it, any number of which are on: y = base(x) + sum of scale B A dropout(x).</summary>
internal sealed class LoraLinear : LinearLayer, IAdapterSite
{
    private readonly Dictionary<string, LinearAdapter> adapters = new(StringComparer.Ordinal);
    private readonly List<string> merged = [];
    private IReadOnlyList<string> activeNames = [];
    private LinearAdapter[] active = [];
    private KeptWeight? original;
    private Tensor? originalBias;

    public LoraLinear(string path, LinearLayer baseLayer)
        : base(nameof(LoraLinear), baseLayer.InFeatures, baseLayer.OutFeatures)
    {
        Path = path;
        Base = baseLayer;
        register_module("base_layer", baseLayer);
        train(baseLayer.training);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>The layer as it was.</summary>
    public LinearLayer Base { get; private set; }

    /// <summary>The adapters by name.</summary>
    public IReadOnlyDictionary<string, LinearAdapter> Adapters => adapters;

    /// <inheritdoc/>
    public bool IsEmpty => adapters.Count == 0;

    /// <inheritdoc/>
    public override Parameter? Bias => Base.Bias;

    /// <inheritdoc/>
    public override bool AddsDeltaInFloat32 => Base.AddsDeltaInFloat32;

    /// <inheritdoc/>
    public override ScalarType OutputType(ScalarType input) => Base.OutputType(input);

    /// <inheritdoc/>
    public override Tensor DenseWeight(ScalarType dtype) => Base.DenseWeight(dtype);

    /// <inheritdoc/>
    public override bool TrySetDenseWeight(Tensor weight) => Base.TrySetDenseWeight(weight);

    /// <summary>Adds an adapter, which is off until <see cref="SetActive"/>; takes ownership.</summary>
    public void Add(string name, LinearAdapter adapter)
    {
        adapters.Add(name, adapter);
        ParameterHolder.Register(this, name, adapter.Parameters);
    }

    /// <summary>Puts another layer of the same size below the adapters.</summary>
    public void ReplaceBase(LinearLayer layer)
    {
        register_module("base_layer", null!);
        register_module("base_layer", layer);
        Base = layer;
    }

    /// <inheritdoc/>
    public void SetActive(IReadOnlyList<string> names)
    {
        activeNames = names;
        active = [.. names.Where(n => !merged.Contains(n)).Select(n => adapters.GetValueOrDefault(n)).OfType<LinearAdapter>()];
    }

    /// <inheritdoc/>
    public void Merge(IReadOnlyList<string> names, bool roundShare)
    {
        var all = merged.Concat(names.Where(n => adapters.ContainsKey(n) && !merged.Contains(n))).ToArray();
        if (all.Length == merged.Count) return;
        if (Bias is null && all.Any(n => adapters[n].Bias is not null))
            throw new InvalidOperationException($"'{Path}' has no bias, so an adapter with lora_bias cannot be merged into it.");
        var isFirst = original is null;
        original ??= Base.KeepWeight();
        try
        {
            MergeInto(all, roundShare);
        }
        catch
        {
            if (isFirst) ForgetOriginal();
            throw;
        }
        merged.Clear();
        merged.AddRange(all);
        SetActive(activeNames);
    }

    private void MergeInto(IReadOnlyList<string> all, bool roundShare)
    {
        using var before = original!.Dense(Base.OutputType(ScalarType.Float32));
        using var weight = MergedWeight.Add(before, all.Select(n => adapters[n].Change(before)), roundShare && !all.Any(n => adapters[n] is DoraAdapter), Path);
        using var bias = MergedBias(all);
        if (!Base.TrySetDenseWeight(weight)) throw new InvalidOperationException($"'{Path}' cannot hold another weight, so nothing can be merged into it.");
        using var none = no_grad();
        if (bias is not null) Bias!.copy_(bias);
    }

    /// <inheritdoc/>
    public void Unmerge()
    {
        if (merged.Count == 0) return;
        using var none = no_grad();
        original!.Restore();
        if (originalBias is not null) Bias!.copy_(originalBias);
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
    public override Tensor forward(Tensor input)
    {
        if (active.Length == 0) return Base.call(input);
        // Two dimensions: the base's output is then a tensor of its own, never a view, and can be added to in place.
        var isFlat = input.dim() == 2;
        var flat = isFlat ? input : input.reshape(-1, InFeatures);
        var output = Base.call(flat);
        var dtype = output.dtype;
        var x = flat.dtype == ScalarType.Float32 ? flat : flat.to(ScalarType.Float32);
        for (var i = 0; i < active.Length; i++) output = active[i].Add(x, output, i == 0, AddsDeltaInFloat32, training);
        if (!ReferenceEquals(x, flat)) x.Dispose();
        if (output.dtype != dtype)
        {
            var rounded = output.to(dtype);
            output.Dispose();
            output = rounded;
        }
        if (isFlat) return output;
        flat.Dispose();
        var shape = input.shape;
        shape[^1] = OutFeatures;
        var shaped = output.view(shape);
        output.Dispose();
        return shaped;
    }

    /// <summary>Everything is registered above, by PEFT's names; TorchSharp would register the fields again under theirs.</summary>
    protected override void RegisterComponents()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) ForgetOriginal();
        base.Dispose(disposing);
    }

    private Tensor? MergedBias(IReadOnlyList<string> names)
    {
        if (!names.Any(n => adapters[n].Bias is not null)) return null;
        using var none = no_grad();
        originalBias ??= Bias!.detach().clone().DetachFromDisposeScope();
        return MergedWeight.Add(originalBias, names.Where(n => adapters[n].Bias is not null).Select(n => adapters[n].Bias!.Times(adapters[n].Scale)), roundShare: false, Path);
    }

    private void ForgetOriginal()
    {
        original?.Dispose();
        originalBias?.Dispose();
        (original, originalBias) = (null, null);
        merged.Clear();
    }
}
