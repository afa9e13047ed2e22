using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Sites;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Parts;

/// <summary>A bias of the base that is trained.</summary>
/// <param name="path">The path of the layer it belongs to.</param>
/// <param name="bias">The bias itself.</param>
/// <param name="isAdapted">Whether the layer has an adapter too, so that it lies below it.</param>
internal sealed class PlannedBias(string path, Parameter bias, bool isAdapted) : PlannedPart(path, LoraInitialization.Default)
{
    private readonly string template = isAdapted ? AdapterNames.BaseBias : AdapterNames.OwnBias;

    /// <inheritdoc/>
    public override IEnumerable<TensorSpec> Tensors => [new(Path, template, bias.shape)];

    /// <inheritdoc/>
    public override AdapterPart Create() => new BiasPart(Path, template, bias, null);

    /// <inheritdoc/>
    public override AdapterPart Create(IReadOnlyList<Tensor?> values) => new BiasPart(Path, template, bias, values[0]);
}

/// <summary>A trained bias of the base.</summary>
internal sealed class BiasPart(string path, string template, Parameter bias, Tensor? value) : AdapterPart(path)
{
    /// <inheritdoc/>
    public override IEnumerable<(string Template, Parameter Parameter)> Parameters => [(template, bias)];

    /// <inheritdoc/>
    protected override bool OwnsParameters => false;

    /// <inheritdoc/>
    public override void Attach(AdapterHost host, ICollection<IAdapterSite> sites, string adapter)
    {
        sites.Add(new BaseBias(Path, adapter, bias));
        if (value is null) return;
        using var none = no_grad();
        bias.copy_(value);
        value.Dispose();
    }
}
