using Socratic.Training.Data;

namespace Socratic.Training.Models;

/// <summary>
/// Which positions of a batch have to be computed for its loss: all tokens but no padding, taken row after row into one; and which of them predict a label.
/// </summary>
internal sealed class LabelledPositions
{
    private LabelledPositions(AttentionLayout layout, long[]? kept, long[] among, long[] places, long[] targets)
    {
        Layout = layout;
        Kept = kept;
        Among = among;
        Places = places;
        Targets = targets;
    }

    /// <summary>The layout of what is computed.</summary>
    public AttentionLayout Layout { get; }

    /// <summary>The places of the computed positions in the flattened batch; null for all of them in rows as they are.</summary>
    public long[]? Kept { get; }

    /// <summary>The places of the predicting positions among the computed ones.</summary>
    public long[] Among { get; }

    /// <summary>The places of the predicting positions in the flattened batch.</summary>
    public long[] Places { get; }

    /// <summary>What they should predict.</summary>
    public long[] Targets { get; }

    /// <param name="labels">Unshifted, row by row.</param>
    /// <param name="layout">The batch's documents.</param>
    /// <param name="vocabulary">The number of ids.</param>
    /// <param name="dropsPadding">Whether padding may be left out.</param>
    /// <exception cref="ArgumentException">A label is no id of the vocabulary.</exception>
    public static LabelledPositions Find(ReadOnlySpan<long> labels, AttentionLayout layout, int vocabulary, bool dropsPadding)
    {
        var (places, targets) = (new List<long>(), new List<long>());
        for (var row = 0; row < layout.Rows; row++)
        {
            for (var t = 1; t < layout.Length; t++)
            {
                var label = labels[row * layout.Length + t];
                if (label == TokenBatch.IgnoreLabel) continue;
                if (label < 0 || label >= vocabulary)
                    throw new ArgumentException(
                        $"The label at row {row}, position {t} is {label}; the vocabulary has {vocabulary} ids, "
                        + $"and {TokenBatch.IgnoreLabel} marks no target.", nameof(labels));
                places.Add(row * layout.Length + t - 1);
                targets.Add(label);
            }
        }
        var predicting = places.ToArray();
        return dropsPadding && !layout.IsFull && WithoutPadding(layout, predicting) is var (kept, among)
            ? new LabelledPositions(Packed(layout), kept, among, predicting, [.. targets])
            : new LabelledPositions(layout, null, predicting, predicting, [.. targets]);
    }

    /// <summary>Null where nothing would be left, or where a label is predicted from padding.</summary>
    private static (long[] Kept, long[] Among)? WithoutPadding(AttentionLayout layout, long[] predicting)
    {
        var kept = new long[layout.TokenCount];
        if (kept.Length == 0) return null;
        var among = new long[predicting.Length];
        var (count, found) = (0, 0);
        for (var row = 0; row < layout.Rows; row++)
        {
            foreach (var document in layout.Documents(row))
            {
                for (var i = 0; i < document.Length; i++, count++)
                {
                    kept[count] = row * layout.Length + document.Start + i;
                    if (found < predicting.Length && predicting[found] == kept[count]) among[found++] = count;
                }
            }
        }
        return found == predicting.Length ? (kept, among) : null;
    }

    private static AttentionLayout Packed(AttentionLayout layout)
    {
        var documents = new List<DocumentSpan>();
        for (var (row, start) = (0, 0); row < layout.Rows; row++)
        {
            foreach (var document in layout.Documents(row))
            {
                documents.Add(new DocumentSpan(start, document.Length));
                start += document.Length;
            }
        }
        return new AttentionLayout(layout.TokenCount, [documents]);
    }
}
