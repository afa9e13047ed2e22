using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Sites;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Parts;

/// <summary>A module that is trained in full.</summary>
/// <param name="path">Its path.</param>
/// <param name="module">The module.</param>
/// <param name="tiedHead">The path of a tied head that is to follow with the same parameter, or null.</param>
/// <param name="unties">Whether the module is one side of a tied embedding and the other is to stay as it is.</param>
internal sealed class PlannedSaved(string path, nn.Module module, string? tiedHead, bool unties) : PlannedPart(path, LoraInitialization.Default)
{
    /// <inheritdoc/>
    public override IEnumerable<TensorSpec> Tensors
        => module.named_parameters().SelectMany(p => Paths.Select(path => new TensorSpec(path, AdapterNames.Saved + p.name, p.parameter.shape)));

    private IEnumerable<string> Paths => tiedHead is null ? [Path] : [Path, tiedHead];

    /// <inheritdoc/>
    public override AdapterPart Create() => Make([.. module.parameters().Select(p => p.detach().clone())]);

    /// <inheritdoc/>
    public override AdapterPart Create(IReadOnlyList<Tensor?> values)
    {
        var step = Paths.Count();
        for (var i = 0; i < values.Count; i += step)
            for (var copy = i + 1; copy < i + step; copy++)
            {
                RequireEqual(values[copy]!, values[i]!, Tensors.ElementAt(copy).FileKey);
                values[copy]!.Dispose();
            }
        return Make([.. values.Where((_, i) => i % step == 0).Select(v => v!)]);
    }

    private SavedPart Make(IReadOnlyList<Tensor> values)
    {
        using var none = no_grad();
        var parameters = module.named_parameters().Zip(values, (own, value) =>
        {
            var parameter = new Parameter(value.to(own.parameter.dtype).to(own.parameter.device, copy: true));
            parameter.DetachFromDisposeScope();
            value.Dispose();
            return (own.name, parameter);
        });
        return new SavedPart(Path, [.. parameters], tiedHead, unties);
    }
}

/// <summary>The trained parameters of a module that is trained in full.</summary>
internal sealed class SavedPart(string path, IReadOnlyList<(string Name, Parameter Parameter)> parameters, string? tiedHead, bool unties) : AdapterPart(path)
{
    /// <inheritdoc/>
    public override IEnumerable<(string Template, Parameter Parameter)> Parameters => parameters.Select(p => (AdapterNames.Saved + p.Name, p.Parameter));

    /// <inheritdoc/>
    public override IEnumerable<StoredTensor> Stored => base.Stored.SelectMany(t => tiedHead is null ? [t] : new[] { t, t with { Path = tiedHead } });

    /// <inheritdoc/>
    public override void Attach(AdapterHost host, ICollection<IAdapterSite> sites, string adapter)
    {
        if (tiedHead is not null || unties) host.SplitHead();
        if (sites.OfType<SavedModule>().FirstOrDefault(s => s.Path == Path) is not { } site)
            sites.Add(site = new SavedModule(Path, host.Module(Path), tiedHead is null ? [] : [host.Module(tiedHead)]));
        site.Add(adapter, [.. parameters.Select(p => p.Parameter)]);
    }
}
