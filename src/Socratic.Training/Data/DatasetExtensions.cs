using System.Text.Json.Nodes;

namespace Socratic.Training.Data;

/// <summary>Views of datasets.</summary>
public static class DatasetExtensions
{
    /// <summary>The first rows, at most <paramref name="count"/>.</summary>
    public static IDataset<TBatch> Take<TBatch>(this IDataset<TBatch> dataset, int count)
        where TBatch : IBatch
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count >= dataset.Count ? dataset : new RowSubset<TBatch>(dataset, [.. Enumerable.Range(0, count)]);
    }

    /// <summary>The given rows in the given order.</summary>
    public static IDataset<TBatch> Select<TBatch>(this IDataset<TBatch> dataset, IReadOnlyList<int> rows)
        where TBatch : IBatch => new RowSubset<TBatch>(dataset, rows);

    /// <summary>Two parts: a seeded choice of rows to train on, and the others. Both keep the rows' order.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="share">The share of the first part, between 0 and 1.</param>
    /// <param name="seed">Chooses the rows; the same seed chooses the same rows everywhere.</param>
    /// <exception cref="DatasetException">One part would be empty.</exception>
    public static (IDataset<TBatch> Train, IDataset<TBatch> Evaluation) Split<TBatch>(this IDataset<TBatch> dataset, double share, long seed)
        where TBatch : IBatch
    {
        var (train, evaluation) = SplitRows(dataset.Count, share, seed);
        return (dataset.Select(train), dataset.Select(evaluation));
    }

    /// <summary>Two parts: all rows but the last ones, and the last ones.</summary>
    /// <exception cref="DatasetException">One part would be empty.</exception>
    public static (IDataset<TBatch> Train, IDataset<TBatch> Evaluation) SplitLast<TBatch>(this IDataset<TBatch> dataset, int count)
        where TBatch : IBatch
    {
        var (train, evaluation) = SplitLastRows(dataset.Count, count);
        return (dataset.Select(train), dataset.Select(evaluation));
    }

    internal static (int[] Train, int[] Evaluation) SplitRows(int count, double share, long seed)
    {
        if (!(share is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(share), share, "The share must lie between 0 and 1.");
        var first = (int)Math.Round(count * share, MidpointRounding.AwayFromZero);
        if (first == 0 || first == count)
            throw new DatasetException(FormattableString.Invariant($"A share of {share} of {count} rows leaves no rows {(first == 0 ? "to train on" : "for evaluation")}; give more rows or another share."));
        var order = Permutation.Of(count, seed);
        return ([.. order.Take(first).Order()], [.. order.Skip(first).Order()]);
    }

    internal static (int[] Train, int[] Evaluation) SplitLastRows(int count, int last)
    {
        if (last < 1 || last >= count)
            throw new DatasetException(FormattableString.Invariant($"The last {last} of {count} rows cannot be held out: that leaves no rows {(last < 1 ? "for evaluation" : "to train on")}. Give more rows, or hold out fewer."));
        return ([.. Enumerable.Range(0, count - last)], [.. Enumerable.Range(count - last, last)]);
    }

    private sealed class RowSubset<TBatch>(IDataset<TBatch> source, IReadOnlyList<int> rows) : IDataset<TBatch>
        where TBatch : IBatch
    {
        public int Count => rows.Count;

        public string? Fingerprint => source.Fingerprint is { } fingerprint ? TokenFingerprint.OfSubset(fingerprint, rows) : null;

        public int LengthOf(int row) => source.LengthOf(rows[row]);

        public TBatch Collate(IReadOnlyList<int> chosen)
        {
            var mapped = new int[chosen.Count];
            for (var i = 0; i < mapped.Length; i++) mapped[i] = rows[chosen[i]];
            return source.Collate(mapped);
        }

        public string? Describe(int row) => source.Describe(rows[row]);

        public JsonObject? DescribeConfiguration() => source.DescribeConfiguration();

        public Dialogue? DialogueOf(int row) => source.DialogueOf(rows[row]);
    }
}
