using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Parts;

/// <summary>Rows of an embedding or an output head that are trained.</summary>
/// <param name="path">The module's path.</param>
/// <param name="table">The table they are rows of.</param>
/// <param name="ids">Which.</param>
/// <param name="tiedHead">The path of a tied head that follows, or null.</param>
internal sealed class PlannedTokens(string path, Parameter table, IReadOnlyList<long> ids, string? tiedHead) : PlannedPart(path, LoraInitialization.Default)
{
    /// <inheritdoc/>
    public override IEnumerable<TensorSpec> Tensors => [new(Path, AdapterNames.TokenRows, [ids.Count, table.shape[1]])];

    /// <inheritdoc/>
    public override AdapterPart Create()
    {
        using var none = no_grad();
        using var numbers = Ids();
        return Make(table.detach().index_select(0, numbers).to(ScalarType.Float32));
    }

    /// <inheritdoc/>
    public override AdapterPart Create(IReadOnlyList<Tensor?> values) => Make(values[0]!);

    private TokensPart Make(Tensor rows) => new(Path, new TrainedRows(MakeParameter(rows, ScalarType.Float32, table.device), Ids(), table.shape[0]), tiedHead);

    private Tensor Ids() => tensor([.. ids], ScalarType.Int64, table.device).DetachFromDisposeScope();
}

/// <summary>Trained rows at an embedding or a head.</summary>
internal sealed class TokensPart(string path, TrainedRows rows, string? tiedHead) : AdapterPart(path)
{
    /// <inheritdoc/>
    public override IEnumerable<(string Template, Parameter Parameter)> Parameters => [rows.Named];

    /// <inheritdoc/>
    public override void Attach(AdapterHost host, ICollection<IAdapterSite> sites, string adapter)
    {
        if (host.Module(Path) is EmbeddingLayer embedding)
        {
            if (sites.OfType<TokenRowsEmbedding>().FirstOrDefault(s => s.Path == Path) is not { } site)
            {
                sites.Add(site = new TokenRowsEmbedding(Path, embedding));
                host.Replace(Path, site);
            }
            site.Add(adapter, rows);
            if (tiedHead is not null) Head(host, sites, tiedHead).Add(adapter, rows, isOwner: false);
        }
        else
        {
            Head(host, sites, Path).Add(adapter, rows, isOwner: true);
        }
    }

    private static TokenRowsLinear Head(AdapterHost host, ICollection<IAdapterSite> sites, string path)
    {
        if (sites.OfType<TokenRowsLinear>().FirstOrDefault(s => s.Path == path) is { } there) return there;
        var site = new TokenRowsLinear(path, (DenseLinear)host.Module(path));
        sites.Add(site);
        host.Replace(path, site);
        return site;
    }
}
