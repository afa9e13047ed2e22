namespace Socratic.Training.Tokenization.Bpe;

/// <summary>
/// The merges of a sentencepiece model: any two neighbours whose joined text is a piece; the best score first.
/// Microsoft.ML.Tokenizers has such a model too, but merges equal scores rightmost first and does not match user-defined pieces before merging.
/// </summary>
internal sealed class PieceMerges : IMergeTable
{
    private readonly Dictionary<string, (int Rank, int Product)> pieces;
    private readonly Dictionary<string, (int Rank, int Product)>.AlternateLookup<ReadOnlySpan<char>> lookup;
    private readonly int longest;

    /// <summary>Merges into the given pieces.</summary>
    public PieceMerges(IEnumerable<(string Piece, int Id, float Score)> products)
    {
        var all = products.ToList();
        var ranks = all.Select(p => p.Score).Distinct().OrderDescending().Select((score, rank) => (score, rank)).ToDictionary(p => p.score, p => p.rank);
        pieces = new Dictionary<string, (int Rank, int Product)>(all.Count, StringComparer.Ordinal);
        foreach (var (piece, id, score) in all) pieces.Add(piece, (ranks[score], id));
        lookup = pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        longest = all.Count == 0 ? 0 : all.Max(p => p.Piece.Length);
    }

    public bool TryMerge(int left, int right, ReadOnlySpan<char> joined, out int rank, out int product)
    {
        (int Rank, int Product) merge = default;
        var found = joined.Length <= longest && lookup.TryGetValue(joined, out merge);
        (rank, product) = merge;
        return found;
    }
}
