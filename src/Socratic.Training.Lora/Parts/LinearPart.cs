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
internal sealed class PlannedLinear(string path, LinearLayer layer, LayerSettings settings, bool hasBias, bool isDora, bool savesBase) : PlannedPart(path)
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
    public override AdapterPart Create(LoraInitialization initialization)
    {
        var (a, b, bias) = FirstValues.Draw(initialization, settings, layer.InFeatures, layer.OutFeatures, hasBias);
        return Make(a, b, bias, null, layer.OutputType(ScalarType.Float32), null);
    }

    /// <inheritdoc/>
    public override AdapterPart Create(IReadOnlyList<Tensor?> values)
        => Make(values[0]!, values[1]!, hasBias ? values[2] : null, isDora ? values[2] : null, ScalarType.Float32, savesBase ? values[^1] : null);

    private LinearPart Make(Tensor a, Tensor b, Tensor? bias, Tensor? magnitude, ScalarType rounded, Tensor? baseWeight)
    {
        var device = DeviceOf(layer);
        var (down, up) = (MakeParameter(a, rounded, device), MakeParameter(b, rounded, device));
        var adapter = isDora
            ? new DoraAdapter(layer, settings, down, up, MakeParameter(magnitude ?? DoraAdapter.RowNorms(layer, down, up, settings.Scale), rounded, device))
            : new LinearAdapter(settings, down, up, bias is null ? null : MakeParameter(bias, rounded, device));
        return new LinearPart(Path, layer, adapter, savesBase, baseWeight);
    }
}

/// <summary>An adapter's A and B at one linear layer.</summary>
internal sealed class LinearPart(string path, LinearLayer layer, LinearAdapter adapter, bool savesBase, Tensor? baseWeight) : AdapterPart(path)
{
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
    public override void SetStrength(double factor) => Adapter.Scale = Adapter.Settings.Scale * factor;

    /// <inheritdoc/>
    public override void Attach(AdapterHost host, ICollection<IAdapterSite> sites, string adapter)
    {
        Site(host, sites, Path, layer).Add(adapter, Adapter);
        if (baseWeight is null) return;
        layer.TrySetDenseWeight(baseWeight);
        baseWeight.Dispose();
    }
}
