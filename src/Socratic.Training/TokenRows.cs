using Socratic.Training.Data;

namespace Socratic.Training;

/// <summary>A dataset of given tokens and labels.</summary>
public sealed class TokenRows : IDataset<TokenBatch>
{
    private readonly IReadOnlyList<TokenRow> rows;
    private readonly int padId;
    private readonly int padToMultipleOf;
    private readonly Func<IReadOnlyList<int>, string>? decode;

    /// <summary>The given rows.</summary>
    /// <param name="rows">At least one; each with at least one token and as many labels.</param>
    /// <param name="padId">What padding is filled with.</param>
    /// <param name="padToMultipleOf">Batches are padded to a multiple of this many tokens.</param>
    /// <param name="decode">Turns ids into text for logs, if that is wanted.</param>
    /// <exception cref="DatasetException">There are no rows, or one is empty or has another number of labels.</exception>
    public TokenRows(IReadOnlyList<TokenRow> rows, int padId = 0, int padToMultipleOf = 8, Func<IReadOnlyList<int>, string>? decode = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(padToMultipleOf, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(padId);
        if (rows.Count == 0) throw new DatasetException("The dataset has no rows.");
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Ids.Count == 0) throw new DatasetException($"Row {i} has no tokens.");
            if (rows[i].Ids.Count != rows[i].Labels.Count) throw new DatasetException($"Row {i} has {rows[i].Ids.Count} tokens, but {rows[i].Labels.Count} labels.");
        }
        this.rows = rows;
        this.padId = padId;
        this.padToMultipleOf = padToMultipleOf;
        this.decode = decode;
        Fingerprint = TokenFingerprint.Of(rows);
    }

    /// <inheritdoc/>
    public int Count => rows.Count;

    /// <inheritdoc/>
    public string? Fingerprint { get; }

    /// <summary>A row.</summary>
    public TokenRow this[int row] => rows[row];

    /// <inheritdoc/>
    public int LengthOf(int row) => rows[row].Ids.Count;

    /// <inheritdoc/>
    public TokenBatch Collate(IReadOnlyList<int> rows) => TokenCollator.Collate(this.rows, rows, padId, padToMultipleOf);

    /// <summary>The rows put together into packs of at most <paramref name="length"/> tokens.</summary>
    public PackedRows Pack(int length, PackingStrategy strategy = PackingStrategy.BestFit) => new(rows, length, strategy, padId, padToMultipleOf, this);

    /// <inheritdoc/>
    public string? Describe(int row) => decode?.Invoke(rows[row].Ids);
}
