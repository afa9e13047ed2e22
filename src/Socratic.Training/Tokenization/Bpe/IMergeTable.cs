namespace Socratic.Training.Tokenization.Bpe;

/// <summary>Which neighbours may be merged, and in which order.</summary>
internal interface IMergeTable
{
    /// <summary>Looks up the merge of two neighbours. The lowest rank is merged first; equal ranks go leftmost first.</summary>
    /// <param name="left">The left piece's id, or -1 for a character without a piece.</param>
    /// <param name="right">The right piece's id, or -1.</param>
    /// <param name="joined">The text of both.</param>
    /// <param name="rank">The merge's rank.</param>
    /// <param name="product">The merged piece's id.</param>
    bool TryMerge(int left, int right, ReadOnlySpan<char> joined, out int rank, out int product);
}
