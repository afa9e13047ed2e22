using static TorchSharp.torch;

namespace Socratic.Training.Data;

/// <summary>Puts token rows together, padded on the right.</summary>
internal static class TokenCollator
{
    /// <summary>A batch of the chosen rows. Padding has <paramref name="padId"/>, no label, and is in no document.</summary>
    public static TokenBatch Collate(IReadOnlyList<TokenRow> rows, IReadOnlyList<int> chosen, int padId, int multiple)
        => Collate([.. chosen.Select(row => rows[row])], chosen, padId, multiple, null, null);

    /// <summary>A batch of <paramref name="rows"/> as they are.</summary>
    /// <param name="rows">The rows of the tensors.</param>
    /// <param name="numbers">What <see cref="TokenBatch.RowIndices"/> says they are.</param>
    /// <param name="padId">What padding is filled with.</param>
    /// <param name="multiple">Rows are padded to a multiple of this many tokens.</param>
    /// <param name="documents">The documents of a single row; null where each row is one.</param>
    /// <param name="documentsPerRow">How many of them belong to each number; null where each row is one.</param>
    public static TokenBatch Collate(
        TokenRow[] rows, IReadOnlyList<int> numbers, int padId, int multiple, IReadOnlyList<DocumentSpan>? documents, IReadOnlyList<int>? documentsPerRow)
    {
        if (numbers.Count == 0) throw new ArgumentException("A batch needs at least one row.", nameof(numbers));
        var lengths = Array.ConvertAll(rows, row => row.Ids.Count);
        var length = (lengths.Max() + multiple - 1) / multiple * multiple;
        var ids = new long[rows.Length * length];
        var labels = new long[ids.Length];
        Array.Fill(ids, padId);
        Array.Fill(labels, TokenBatch.IgnoreLabel);
        var targets = 0L;
        for (var i = 0; i < rows.Length; i++)
        {
            for (var t = 0; t < lengths[i]; t++)
            {
                ids[(i * length) + t] = rows[i].Ids[t];
                labels[(i * length) + t] = rows[i].Labels[t];
            }
            targets += rows[i].TargetCount;
        }
        var layout = documents is null ? AttentionLayout.PaddedRight(length, lengths) : new AttentionLayout(length, [documents]);
        return new TokenBatch(tensor(ids, [rows.Length, length]), tensor(labels, [rows.Length, length]), layout, [.. numbers], targets) { DocumentsPerRow = documentsPerRow };
    }
}
