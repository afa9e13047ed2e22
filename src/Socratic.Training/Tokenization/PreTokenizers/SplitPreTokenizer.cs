namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>What becomes of the matches when a text is split at them.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Splits a text at the matches of a pattern.</summary>
/// <param name="pattern">The pattern.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">True to take what lies between matches for the matches.</param>
internal sealed class SplitPreTokenizer(ITextPattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    private readonly record struct Part(int Start, int End, bool Match);

    public IEnumerable<AlignedText> Split(AlignedText text)
    {
        var parts = Cut(text.Text);
        var arranged = behavior switch
        {
            SplitBehavior.Removed => parts.Where(p => !p.Match),
            SplitBehavior.Isolated => parts,
            SplitBehavior.Contiguous => Join(parts, (previous, next) => previous.Match == next.Match),
            SplitBehavior.MergedWithPrevious => Join(parts, (previous, next) => next.Match && !previous.Match),
            _ => Enumerable.Reverse(Join(Enumerable.Reverse(parts), (next, previous) => previous.Match && !next.Match)),
        };
        return arranged.Where(p => p.End > p.Start).Select(p => text.Slice(p.Start, p.End - p.Start));
    }

    private List<Part> Cut(string text)
    {
        var parts = new List<Part>();
        var done = 0;
        foreach (var (start, length) in pattern.Matches(text))
        {
            if (start > done) parts.Add(new Part(done, start, invert));
            parts.Add(new Part(start, start + length, !invert));
            done = start + length;
        }
        if (done < text.Length) parts.Add(new Part(done, text.Length, invert));
        return parts;
    }

    /// <summary>Joins a part to the one before it where the rule says so; the rule sees what the part before was before anything was joined to it.</summary>
    private static List<Part> Join(IEnumerable<Part> parts, Func<Part, Part, bool> joins)
    {
        var joined = new List<Part>();
        Part? before = null;
        foreach (var part in parts)
        {
            if (before is { } b && joins(b, part)) joined[^1] = joined[^1] with { Start = Math.Min(joined[^1].Start, part.Start), End = Math.Max(joined[^1].End, part.End) };
            else joined.Add(part);
            before = part;
        }
        return joined;
    }
}
