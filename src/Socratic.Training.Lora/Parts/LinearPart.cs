using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Initialization;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Parts;

/// <summary>A linear layer that gets an adapter.</summary>
/// <param name="path">Its path.</param>
/// <param name="layer">The layer without adapters.</param>
/// <param name="settings">What the adapter is made with.</param>
/// <param name="hasBias">Whether B has a bias of its own.</param>
/// <param name="isDora">Whether each row's length is trained too.</param>
/// <param name="savesBase">Whether the base's weight is saved beside the adapter, as PEFT does where embed_tokens or lm_head is a target.</param>
/// <param name="initialization">How first values are made.</param>
internal sealed class PlannedLinear(string path, LinearLayer layer, LayerSettings settings, bool hasBias, bool isDora, bool savesBase, LoraInitialization initialization)
    : PlannedPart(path, initialization)
{
    /// <inheritdoc/>
    public override IEnumerable<TensorSpec> Tensors
    {
        get
        {
            yield return new(Path, AdapterNames.A, [settings.Rank, layer.InFeatures]);
            yield return new(Path, AdapterNames.B, [layer.OutFeatures, settings.Rank]);
            if (hasBias) yield return new(Path, AdapterNames.BBias, [layer.OutFeatures]);
            if (isDora) yield return new(Path, AdapterNames.Magnitude, [layer.OutFeatures]);
            if (savesBase) yield return new(Path, AdapterNames.BaseWeight, [layer.OutFeatures, layer.InFeatures], IsOptional: true);
        }
    }

    /// <inheritdoc/>
    public override AdapterPart Create()
    {
        if (Initialization.IsLoftq)
        {
            var start = LoftqStart.Make(Path, layer, settings.Rank, Initialization.LoftqIterations);
            return Make(start.A, start.B, hasBias ? zeros([layer.OutFeatures], ScalarType.Float32) : null, null, layer.ComputeType, start.Weight, null);
        }
        var (a, b, bias) = FirstValues.Draw(Initialization, settings, layer.InFeatures, layer.OutFeatures, hasBias, () => layer.DenseWeight(ScalarType.Float32));
        var rest = Rest(a, b);
        return Make(a, b, bias, null, layer.ComputeType, rest?.Weight, rest?.Taken);
    }

    /// <inheritdoc/>
    public override AdapterPart Create(IReadOnlyList<Tensor?> values)
    {
        if (Initialization.IsLoftq)
        {
            var start = LoftqStart.Make(Path, layer, settings.Rank, Initialization.LoftqIterations);
            start.A.Dispose();
            start.B.Dispose();
            return Make(values[0]!, values[1]!, hasBias ? values[2] : null, isDora ? values[2] : null, ScalarType.Float32, start.Weight, null);
        }
        var rest = Initialization.ChangesBase ? Decompose() : null;
        return Make(values[0]!, values[1]!, hasBias ? values[2] : null, isDora ? values[2] : null, ScalarType.Float32, rest?.Weight ?? (savesBase ? values[^1] : null), rest?.Taken);
    }

    /// <summary>A finished adapter belongs to the weights its start left behind: the base is decomposed again, with the draws a start makes.</summary>
    private (Tensor Weight, (Tensor A, Tensor B) Taken)? Decompose()
    {
        var (a, b, bias) = FirstValues.Draw(Initialization, settings, layer.InFeatures, layer.OutFeatures, hasBias, () => layer.DenseWeight(ScalarType.Float32));
        bias?.Dispose();
        var rest = Rest(a, b);
        a.Dispose();
        b.Dispose();
        return rest;
    }

    /// <summary>What the first values take from the base, and what they leave.</summary>
    private (Tensor Weight, (Tensor A, Tensor B) Taken)? Rest(Tensor a, Tensor b)
    {
        if (!Initialization.ChangesBase) return null;
        using var scope = NewDisposeScope();
        using var none = no_grad();
        var device = DeviceOf(layer);
        var rest = Decomposition.Residual(layer.DenseWeight(ScalarType.Float32), a.to(device), b.to(device), settings.Scale);
        return (rest.DetachFromDisposeScope(), (a.clone().DetachFromDisposeScope(), b.clone().DetachFromDisposeScope()));
    }

    private LinearPart Make(Tensor a, Tensor b, Tensor? bias, Tensor? magnitude, ScalarType rounded, Tensor? baseWeight, (Tensor A, Tensor B)? taken)
    {
        var device = DeviceOf(layer);
        var (down, up) = (MakeParameter(a, rounded, device), MakeParameter(b, rounded, device));
        var adapter = isDora
            ? new DoraAdapter(layer, settings, down, up, MakeParameter(magnitude ?? RowNorms(down, up, baseWeight), rounded, device))
            : new LinearAdapter(settings, down, up, bias is null ? null : MakeParameter(bias, rounded, device));
        return new LinearPart(Path, layer, adapter, savesBase, baseWeight, taken, keepsBase: Initialization.IsLoftq);
    }

    private Tensor RowNorms(Tensor a, Tensor b, Tensor? baseWeight)
        => baseWeight is null ? DoraAdapter.RowNorms(layer, a, b, settings.Scale) : DoraAdapter.RowNorms(baseWeight, a, b, settings.Scale);
}

/// <summary>An adapter's A and B at one linear layer.</summary>
/// <param name="path">The layer's path.</param>
/// <param name="layer">The layer without adapters.</param>
/// <param name="adapter">A and B.</param>
/// <param name="savesBase">Whether the base's weight is saved too.</param>
/// <param name="baseWeight">The weight the base is to have, or null where it stays; used up.</param>
/// <param name="taken">The A and B that an initialization took from the base, on the CPU, or null.</param>
/// <param name="keepsBase">Whether the base's own weight is kept, to be given back when the adapter goes.</param>
internal sealed class LinearPart(
    string path, LinearLayer layer, LinearAdapter adapter, bool savesBase, Tensor? baseWeight, (Tensor A, Tensor B)? taken = null, bool keepsBase = false) : AdapterPart(path)
{
    private KeptWeight? before;

    public LinearAdapter Adapter { get; } = adapter;

    /// <inheritdoc/>
    public override IEnumerable<(string Template, Parameter Parameter)> Parameters => Adapter.Parameters;

    /// <inheritdoc/>
    public override IEnumerable<StoredTensor> Stored
        => savesBase && layer is DenseLinear dense ? base.Stored.Append(new(Path, AdapterNames.BaseWeight, dense.Weight)) : base.Stored;

    /// <inheritdoc/>
    public override (Parameter A, Parameter B, double Scale)? Product => Adapter is DoraAdapter || Adapter.Bias is not null ? null : (Adapter.A, Adapter.B, Adapter.Scale);

    /// <inheritdoc/>
    public override IEnumerable<AdaptedLayer> Layers => [new(Path, Adapter.Settings.Rank, Adapter.Settings.Alpha, Adapter.Scale)];

    /// <summary>The site at a path, made over <paramref name="layer"/> if there is none.</summary>
    public static LoraLinear Site(AdapterHost host, ICollection<IAdapterSite> sites, string path, LinearLayer layer)
    {
        if (sites.OfType<LoraLinear>().FirstOrDefault(s => s.Path == path) is { } there) return there;
        var site = new LoraLinear(path, layer);
        sites.Add(site);
        host.Replace(path, site);
        return site;
    }

    /// <inheritdoc/>
    public override IEnumerable<StoredTensor>? Converted
    {
        get
        {
            if (taken is not { } first || Product is null) return null;
            var device = Adapter.A.device;
            return
            [
                new(Path, AdapterNames.A, cat([Adapter.A, first.A.to(device)], 0)),
                new(Path, AdapterNames.B, cat([Adapter.B, -first.B.to(device)], 1)),
            ];
        }
    }

    /// <inheritdoc/>
    public override void RestoreBase()
    {
        before?.Restore();
        ForgetBase();
        if (taken is not { } first) return;
        using var scope = NewDisposeScope();
        var rest = layer.DenseWeight(ScalarType.Float32);
        layer.TrySetDenseWeight(Decomposition.Residual(rest, first.A.to(rest.device), first.B.to(rest.device), -Adapter.Settings.Scale));
    }

    /// <inheritdoc/>
    public override void ForgetBase()
    {
        before?.Dispose();
        before = null;
    }

    /// <inheritdoc/>
    public override void SetStrength(double factor) => Adapter.Scale = Adapter.Settings.Scale * factor;

    /// <inheritdoc/>
    public override void Attach(AdapterHost host, ICollection<IAdapterSite> sites, string adapter)
    {
        Site(host, sites, Path, layer).Add(adapter, Adapter);
        if (baseWeight is null) return;
        if (keepsBase) before = layer.KeepWeight();
        layer.TrySetDenseWeight(baseWeight);
        baseWeight.Dispose();
    }
}
