using System.Globalization;
using System.Text;

namespace Socratic.Training.Tokenization.Normalizers;

/// <summary>A Unicode normalization form.</summary>
internal sealed class UnicodeNormalizer : INormalizer
{
    private readonly NormalizationForm form;

    /// <summary>A form.</summary>
    /// <exception cref="PlatformNotSupportedException">The process runs without Unicode data, where .NET silently returns its input.</exception>
    public UnicodeNormalizer(NormalizationForm form)
    {
        if ("e\u0301".Normalize(NormalizationForm.FormC).Length != 1)
            throw new PlatformNotSupportedException("The tokenizer normalizes Unicode, but this process has no Unicode data: unset InvariantGlobalization (DOTNET_SYSTEM_GLOBALIZATION_INVARIANT) and install ICU.");
        this.form = form;
    }

    public AlignedText Normalize(AlignedText text)
    {
        var whole = Normalize(text.Text);
        if (whole == text.Text) return text;
        var builder = new AlignedTextBuilder(text);
        for (var start = 0; start < text.Length;)
        {
            var end = ClusterEnd(text.Text, start);
            Append(builder, text.Text, start, end);
            start = end;
        }
        var aligned = builder.Build();
        if (aligned.Text == whole) return aligned;
        // Characters composed across clusters: the text is right, the places are only rough.
        var rough = new AlignedTextBuilder(text);
        rough.Append(whole, 0, text.Length);
        return rough.Build();
    }

    // .NET takes U+FFFE for an error; it combines with nothing.
    private string Normalize(string text) => text.Contains('\uFFFE') ? string.Join('\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize(form))) : text.Normalize(form);

    /// <summary>The first character stands for the first of the source, the others are counted from the end, as in the reference.</summary>
    private void Append(AlignedTextBuilder builder, string text, int start, int end)
    {
        var cluster = text[start..end];
        var normalized = Normalize(cluster);
        if (normalized == cluster)
        {
            builder.Copy(start, end - start);
            return;
        }
        var sources = new List<(int Start, int Length)>();
        for (var i = start; i < end; i += sources[^1].Length) sources.Add((i, char.IsSurrogatePair(text, i) ? 2 : 1));
        var runes = normalized.EnumerateRunes().ToList();
        Span<char> units = stackalloc char[2];
        for (var i = 0; i < runes.Count; i++)
        {
            var source = sources[i == 0 ? 0 : Math.Max(0, sources.Count - runes.Count + i)];
            builder.Append(units[..runes[i].EncodeToUtf16(units)], source.Start, source.Length);
        }
    }

    /// <summary>A character with everything after it that could change it: marks, and the later parts of Hangul syllables.</summary>
    private static int ClusterEnd(string text, int start)
    {
        var end = start + (char.IsSurrogatePair(text, start) ? 2 : 1);
        while (end < text.Length && Joins(text, end)) end += char.IsSurrogatePair(text, end) ? 2 : 1;
        return end;
    }

    private static bool Joins(string text, int index)
        => text[index] is >= '\u1160' and <= '\u11FF'
        || CharUnicodeInfo.GetUnicodeCategory(text, index) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
