using System.Collections;

namespace Socratic.Training.Data.Sampling;

/// <summary>
/// An epoch's order cut into micro-batches. It is indexed, so a resumed run starts at any micro-batch without touching those before.
/// </summary>
internal sealed class BatchOrder : IReadOnlyList<IReadOnlyList<int>>
{
    private readonly int[] order;
    private readonly int batchSize;

    /// <summary>Cuts an order; the last batch may be short, or is dropped.</summary>
    public BatchOrder(int[] order, int batchSize, bool dropLast = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        this.order = order;
        this.batchSize = batchSize;
        Count = CountOf(order.Length, batchSize, dropLast);
    }

    /// <summary>The number of micro-batches.</summary>
    public int Count { get; }

    /// <summary>The rows of a micro-batch, a view of the order.</summary>
    public IReadOnlyList<int> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var start = index * batchSize;
            return new ArraySegment<int>(order, start, Math.Min(batchSize, order.Length - start));
        }
    }

    /// <summary>The micro-batches that <paramref name="rows"/> rows make.</summary>
    public static int CountOf(int rows, int batchSize, bool dropLast = false) => rows / batchSize + (dropLast || rows % batchSize == 0 ? 0 : 1);

    /// <inheritdoc/>
    public IEnumerator<IReadOnlyList<int>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
