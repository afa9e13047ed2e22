using System.Text;

namespace Socratic.Training.Evaluation;

/// <summary>A sentence as it was split off, without its terminator.</summary>
/// <param name="Text">The text between two terminators, white space included.</param>
/// <param name="Asked">Whether a question mark ended it.</param>
internal readonly record struct Sentence(string Text, bool Asked)
{
    /// <summary>The text without white space around it.</summary>
    public ReadOnlySpan<char> Stripped => Strip(Text);

    /// <summary>Code points of the stripped text.</summary>
    public int Length
    {
        get
        {
            var count = 0;
            foreach (var _ in Stripped.EnumerateRunes()) count++;
            return count;
        }
    }

    public bool IsBlank => Stripped.IsEmpty;

    /// <summary>Splits at each terminator. Empty sentences are kept; the rest after the last terminator is one too.</summary>
    public static List<Sentence> Split(string text, StyleProfile profile)
    {
        var sentences = new List<Sentence>();
        var (start, at) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            var next = at + rune.Utf16SequenceLength;
            if (Contains(profile.Terminators, rune))
            {
                sentences.Add(new Sentence(text[start..at], Contains(profile.QuestionTerminators, rune)));
                start = next;
            }
            at = next;
        }
        sentences.Add(new Sentence(text[start..], false));
        return sentences;
    }

    public bool HoldsAny(IReadOnlyList<string> words, StyleProfile profile) => HoldsAny(Text, words, profile);

    public static bool HoldsAny(ReadOnlySpan<char> text, IReadOnlyList<string> words, StyleProfile profile)
    {
        foreach (var word in words)
            if (text.Contains(word, Comparison(profile))) return true;
        return false;
    }

    public bool EndsInAny(IReadOnlyList<string> endings, StyleProfile profile)
    {
        foreach (var ending in endings)
            if (Stripped.EndsWith(ending, Comparison(profile))) return true;
        return false;
    }

    /// <summary>The last code points of the text as it was split off.</summary>
    public ReadOnlySpan<char> Last(int count)
    {
        var start = Text.Length;
        for (; start > 0 && count > 0; count--)
            start -= start > 1 && char.IsSurrogatePair(Text[start - 2], Text[start - 1]) ? 2 : 1;
        return Text.AsSpan(start);
    }

    private static bool Contains(string marks, Rune rune)
    {
        foreach (var mark in marks.EnumerateRunes())
            if (mark == rune) return true;
        return false;
    }

    private static StringComparison Comparison(StyleProfile profile) => profile.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    // The reference strips the four information separators too, which .NET does not count as white space.
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    private static ReadOnlySpan<char> Strip(ReadOnlySpan<char> text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsSpace(text[start])) start++;
        while (end > start && IsSpace(text[end - 1])) end--;
        return text[start..end];
    }
}
