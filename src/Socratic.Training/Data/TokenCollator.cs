using static TorchSharp.torch;

namespace Socratic.Training.Data;

/// <summary>Puts token rows together, padded on the right.</summary>
internal static class TokenCollator
{
    /// <summary>A batch of the chosen rows. Padding has <paramref name="padId"/>, no label, and is in no document.</summary>
    public static TokenBatch Collate(IReadOnlyList<TokenRow> rows, IReadOnlyList<int> chosen, int padId, int multiple)
    {
        if (chosen.Count == 0) throw new ArgumentException("A batch needs at least one row.", nameof(chosen));
        var lengths = new int[chosen.Count];
        for (var i = 0; i < lengths.Length; i++) lengths[i] = rows[chosen[i]].Ids.Count;
        var length = (lengths.Max() + multiple - 1) / multiple * multiple;
        var ids = new long[chosen.Count * length];
        var labels = new long[ids.Length];
        Array.Fill(ids, padId);
        Array.Fill(labels, TokenBatch.IgnoreLabel);
        var targets = 0L;
        for (var i = 0; i < chosen.Count; i++)
        {
            var row = rows[chosen[i]];
            for (var t = 0; t < lengths[i]; t++)
            {
                ids[(i * length) + t] = row.Ids[t];
                labels[(i * length) + t] = row.Labels[t];
            }
            targets += row.TargetCount;
        }
        return new TokenBatch(tensor(ids, [chosen.Count, length]), tensor(labels, [chosen.Count, length]), AttentionLayout.PaddedRight(length, lengths), [.. chosen], targets);
    }
}
