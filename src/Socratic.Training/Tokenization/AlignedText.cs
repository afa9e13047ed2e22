namespace Socratic.Training.Tokenization;

/// <summary>A text on its way through normalization that knows, for each UTF-16 unit, the range of the original text it came from.</summary>
internal sealed class AlignedText
{
    private readonly int origin;
    private readonly int[]? starts;
    private readonly int[]? ends;

    /// <summary>A part of the original text that begins at <paramref name="origin"/>, unchanged.</summary>
    public AlignedText(string text, int origin)
    {
        Text = text;
        this.origin = origin;
    }

    /// <summary>A changed text; unit i came from <paramref name="starts"/>[i] to <paramref name="ends"/>[i] of the original.</summary>
    public AlignedText(string text, int[] starts, int[] ends)
    {
        Text = text;
        this.starts = starts;
        this.ends = ends;
    }

    public string Text { get; }

    public int Length => Text.Length;

    public int SourceStart(int unit) => starts is null ? origin + unit : starts[unit];

    public int SourceEnd(int unit) => ends is null ? origin + unit + 1 : ends[unit];

    public AlignedText Slice(int start, int length) => length == Length
        ? this
        : starts is null
            ? new AlignedText(Text.Substring(start, length), origin + start)
            : new AlignedText(Text.Substring(start, length), starts[start..(start + length)], ends![start..(start + length)]);

    /// <summary>The same sources under another text of the same length.</summary>
    public AlignedText WithText(string text) => starts is null ? new AlignedText(text, origin) : new AlignedText(text, starts, ends!);
}
