namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>A literal string or a regular expression.</summary>
internal interface ITextPattern
{
    /// <summary>The matches from left to right, without overlap.</summary>
    IEnumerable<(int Start, int Length)> Matches(string text);
}

/// <summary>A literal string.</summary>
internal sealed class LiteralPattern(string text) : ITextPattern
{
    public string Text { get; } = text;

    public IEnumerable<(int Start, int Length)> Matches(string text)
    {
        if (Text.Length == 0) yield break;
        for (var at = text.IndexOf(Text, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Text, at + Text.Length, StringComparison.Ordinal))
            yield return (at, Text.Length);
    }
}
