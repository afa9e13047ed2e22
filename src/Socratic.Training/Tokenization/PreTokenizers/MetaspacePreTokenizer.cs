namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>When a text gets a leading blank.</summary>
internal enum PrependScheme
{
    Never,
    First,
    Always,
}

/// <summary>Writes spaces as a visible blank and may put one before the text.</summary>
internal sealed class MetaspacePreTokenizer(char blank, PrependScheme scheme, bool split) : IPreTokenizer
{
    private readonly SplitPreTokenizer splitter = new(new LiteralPattern(blank.ToString()), SplitBehavior.MergedWithNext, invert: false);

    public IEnumerable<AlignedText> Split(AlignedText text)
    {
        var written = text.Text.Contains(' ') ? text.WithText(text.Text.Replace(' ', blank)) : text;
        var first = scheme == PrependScheme.Always || (scheme == PrependScheme.First && written.Length > 0 && written.SourceStart(0) == 0);
        if (first && written.Length > 0 && written.Text[0] != blank)
        {
            var builder = new AlignedTextBuilder(written);
            builder.Append([blank], 0, 1);
            builder.Copy(0, written.Length);
            written = builder.Build();
        }
        return split ? splitter.Split(written) : [written];
    }
}
