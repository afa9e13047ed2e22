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

    private sealed class RowSubset<TBatch>(IDataset<TBatch> source, IReadOnlyList<int> rows) : IDataset<TBatch>
        where TBatch : IBatch
    {
        public int Count => rows.Count;

        public int LengthOf(int row) => source.LengthOf(rows[row]);

        public TBatch Collate(IReadOnlyList<int> chosen)
        {
            var mapped = new int[chosen.Count];
            for (var i = 0; i < mapped.Length; i++) mapped[i] = rows[chosen[i]];
            return source.Collate(mapped);
        }

        public string? Describe(int row) => source.Describe(rows[row]);
    }
}
