using Socratic.Training.Data;

namespace Socratic.Training;

/// <summary>A row of tokens and what is learned from it.</summary>
/// <param name="Ids">The token ids.</param>
/// <param name="Labels">As many labels: the token itself where it is learned, <see cref="TokenBatch.IgnoreLabel"/> elsewhere. Unshifted: the model predicts label t + 1 at position t.</param>
public sealed record TokenRow(IReadOnlyList<int> Ids, IReadOnlyList<int> Labels)
{
    /// <summary>A row of which every token is learned.</summary>
    public TokenRow(IReadOnlyList<int> ids)
        : this(ids, ids)
    {
    }

    /// <summary>The labels that are predicted: those other than <see cref="TokenBatch.IgnoreLabel"/> from position 1 on.</summary>
    public int TargetCount
    {
        get
        {
            var count = 0;
            for (var i = 1; i < Labels.Count; i++) if (Labels[i] != TokenBatch.IgnoreLabel) count++;
            return count;
        }
    }
}
