namespace Socratic.Training.Data.Sampling;

/// <summary>
/// Rows of like length side by side, so that batches hold little padding, yet in a random order (transformers' <c>group_by_length</c>): a permutation is cut into
/// mega-batches of up to 50 groups, each sorted by length, longest first; the longest row of all comes first, so that a lack of memory shows at once.
/// </summary>
public sealed class LengthGroupedSampler : ISampler
{
    private readonly Func<int, int> lengthOf;
    private readonly int groupSize;
    private readonly Func<int, int, int[]> permutation;

    /// <summary>Groups rows over permutations drawn from seed + epoch, which a resumed run finds again.</summary>
    /// <param name="lengthOf">The length of a row.</param>
    /// <param name="groupSize">Rows that go into one update: batch x accumulation; in evaluation the batch.</param>
    /// <param name="seed">The data seed, or the run's.</param>
    public LengthGroupedSampler(Func<int, int> lengthOf, int groupSize, long seed)
        : this(lengthOf, groupSize, new RandomSampler(seed).Order)
    {
    }

    /// <summary>Groups rows over given permutations.</summary>
    /// <param name="lengthOf">The length of a row.</param>
    /// <param name="groupSize">Rows that go into one update.</param>
    /// <param name="permutation">Gives the permutation for an epoch and a number of rows. The reference draws it from the global generator, in the middle of everything else
    /// that is drawn: whoever does the same has to bring that generator back to the epoch's start before asking for an epoch again.</param>
    public LengthGroupedSampler(Func<int, int> lengthOf, int groupSize, Func<int, int, int[]> permutation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groupSize, 1);
        this.lengthOf = lengthOf;
        this.groupSize = groupSize;
        this.permutation = permutation;
    }

    /// <inheritdoc/>
    public int[] Order(int epoch, int count)
    {
        var order = permutation(epoch, count);
        if (count == 0) return order;
        var lengths = new int[count];
        for (var i = 0; i < count; i++) lengths[i] = lengthOf(order[i]);

        var groups = Math.Clamp(count / (4L * groupSize), 1, 50);
        var size = (int)Math.Min(count, groups * groupSize);
        var keys = new long[count];
        var longest = 0;
        for (var start = 0; start < count; start += size)
        {
            var length = Math.Min(size, count - start);
            // Longest first; the place breaks ties, so that the sort is stable.
            for (var i = start; i < start + length; i++) keys[i] = (long)~lengths[i] << 32 | (uint)i;
            Array.Sort(keys, order, start, length);
            if (LengthAt(keys, start) > LengthAt(keys, longest)) longest = start;
        }
        (order[0], order[longest]) = (order[longest], order[0]);
        return order;
    }

    private static int LengthAt(long[] keys, int index) => ~(int)(keys[index] >> 32);
}
