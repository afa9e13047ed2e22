using System.Text.Json.Nodes;
using Socratic.Training.Data;
using Socratic.Training.Data.Packing;
using Socratic.Training.Files;

namespace Socratic.Training;

/// <summary>
/// A dataset whose rows are packs: several rows of another dataset, one after the other, none of which sees another (but see <see cref="PackingStrategy.Wrapped"/>).
/// Micro-batches get an even number of tokens that way; the loss of a packed row is that of its rows.
/// </summary>
public sealed class PackedRows : IDataset<TokenBatch>
{
    private readonly IReadOnlyList<TokenRow> rows;
    private readonly List<PackPiece[]> packs;
    private readonly int length;
    private readonly PackingStrategy strategy;
    private readonly int padId;
    private readonly int padToMultipleOf;
    private readonly IDataset<TokenBatch>? source;
    private readonly Lazy<string> fingerprint;

    /// <summary>Packs the given rows.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="length">The most tokens a pack may have.</param>
    /// <param name="strategy">How rows are chosen.</param>
    /// <param name="padId">What padding is filled with.</param>
    /// <param name="padToMultipleOf">Batches are padded to a multiple of this many tokens.</param>
    /// <exception cref="DatasetException">There are no rows, or all are empty.</exception>
    public PackedRows(IReadOnlyList<TokenRow> rows, int length, PackingStrategy strategy = PackingStrategy.BestFit, int padId = 0, int padToMultipleOf = 8)
        : this(rows, length, strategy, padId, padToMultipleOf, null)
    {
    }

    internal PackedRows(
        IReadOnlyList<TokenRow> rows, int length, PackingStrategy strategy, int padId, int padToMultipleOf, IDataset<TokenBatch>? source, List<PackPiece[]>? packs = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(padToMultipleOf, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(padId);
        if (!Enum.IsDefined(strategy)) throw new ArgumentOutOfRangeException(nameof(strategy), strategy, "Not a packing strategy.");
        this.packs = packs ??= Packer.Pack([.. rows.Select(r => r.Ids.Count)], length, strategy);
        if (packs.Count == 0) throw new DatasetException("There is nothing to pack: the dataset has no rows, or only empty ones.");
        (this.rows, this.length, this.strategy, this.padId, this.padToMultipleOf, this.source) = (rows, length, strategy, padId, padToMultipleOf, source);
        CutTokens = strategy == PackingStrategy.BestFit ? rows.Sum(r => Math.Max(0, r.Ids.Count - length)) : 0;
        fingerprint = new Lazy<string>(() => TokenFingerprint.OfSubset(TokenFingerprint.Of(rows), [.. packs.SelectMany(p => p).SelectMany(p => new[] { p.Row, p.Start, p.Length })]));
    }

    /// <inheritdoc/>
    public int Count => packs.Count;

    /// <summary>Tokens that <see cref="PackingStrategy.BestFit"/> cut off rows longer than a pack.</summary>
    public int CutTokens { get; }

    /// <summary>The share of the packs' room that is filled, at most 1.</summary>
    public double Fill => packs.Sum(p => p.Sum(piece => (double)piece.Length)) / ((double)packs.Count * length);

    /// <inheritdoc/>
    public string? Fingerprint => fingerprint.Value;

    /// <inheritdoc/>
    public int LengthOf(int row) => packs[row].Sum(p => p.Length);

    /// <inheritdoc/>
    public TokenBatch Collate(IReadOnlyList<int> rows)
        => strategy == PackingStrategy.Wrapped
            ? TokenCollator.Collate([.. rows.Select(pack => Joined(packs[pack], areDocuments: false))], rows, padId, padToMultipleOf, null, null)
            : Flat(rows);

    /// <inheritdoc/>
    public string? Describe(int row) => source is null ? null : string.Join('\n', packs[row].Select(p => source.Describe(p.Row)).OfType<string>());

    /// <inheritdoc/>
    public Dialogue? DialogueOf(int row) => source?.DialogueOf(packs[row][^1].Row);

    /// <inheritdoc/>
    public JsonObject? DescribeConfiguration()
    {
        var settings = source?.DescribeConfiguration() ?? [];
        settings["packing"] = SettingsJson.ToNode(strategy);
        settings["pack_length"] = length;
        return settings;
    }

    private TokenBatch Flat(IReadOnlyList<int> chosen)
    {
        var pieces = chosen.SelectMany(pack => packs[pack]).ToArray();
        var documents = new DocumentSpan[pieces.Length];
        for (var (i, start) = (0, 0); i < pieces.Length; start += pieces[i++].Length) documents[i] = new DocumentSpan(start, pieces[i].Length);
        return TokenCollator.Collate([Joined(pieces, areDocuments: true)], chosen, padId, padToMultipleOf, documents, [.. chosen.Select(pack => packs[pack].Length)]);
    }

    private TokenRow Joined(IEnumerable<PackPiece> pieces, bool areDocuments)
    {
        var (ids, labels) = (new List<int>(), new List<int>());
        foreach (var piece in pieces)
        {
            var (from, start) = (rows[piece.Row], labels.Count);
            ids.AddRange(from.Ids.Skip(piece.Start).Take(piece.Length));
            labels.AddRange(from.Labels.Skip(piece.Start).Take(piece.Length));
            // The first token of a document has nothing before it to be predicted from.
            if (areDocuments) labels[start] = (int)TokenBatch.IgnoreLabel;
        }
        return new TokenRow(ids, labels);
    }
}
