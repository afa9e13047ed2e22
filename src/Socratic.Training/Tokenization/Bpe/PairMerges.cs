namespace Socratic.Training.Tokenization.Bpe;

/// <summary>An explicit list of merges, as in tokenizer.json and merges.txt.</summary>
internal sealed class PairMerges(int capacity) : IMergeTable
{
    private readonly Dictionary<long, (int Rank, int Product)> merges = new(capacity);

    /// <summary>Adds the next merge. A repeated pair takes the later rank, as in the reference.</summary>
    public void Add(int left, int right, int rank, int product) => merges[Key(left, right)] = (rank, product);

    public bool TryMerge(int left, int right, ReadOnlySpan<char> joined, out int rank, out int product)
    {
        var found = merges.TryGetValue(Key(left, right), out var merge);
        (rank, product) = merge;
        return found;
    }

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;
}
