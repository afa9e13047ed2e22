using System.Globalization;
using System.Text;

namespace Socratic.Training.Tokenization.Normalizers;

/// <summary>Small letters, character by character.</summary>
internal sealed class LowercaseNormalizer : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text);
        Span<char> units = stackalloc char[2];
        for (var i = 0; i < text.Length;)
        {
            var rune = Rune.GetRuneAt(text.Text, i);
            // The one capital whose small form is two characters.
            if (rune.Value == 0x130) builder.Append("i\u0307", i, 1);
            else builder.Append(units[..Rune.ToLowerInvariant(rune).EncodeToUtf16(units)], i, rune.Utf16SequenceLength);
            i += rune.Utf16SequenceLength;
        }
        return builder.Build();
    }
}

/// <summary>Takes white space from the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        var (start, end) = (0, text.Length);
        while (left && start < end && char.IsWhiteSpace(text.Text[start])) start++;
        while (right && end > start && char.IsWhiteSpace(text.Text[end - 1])) end--;
        return text.Slice(start, end - start);
    }
}

/// <summary>Takes away marks, which decomposition has set apart.</summary>
internal sealed class StripAccentsNormalizer : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text);
        for (var i = 0; i < text.Length;)
        {
            var length = char.IsSurrogatePair(text.Text, i) ? 2 : 1;
            var category = CharUnicodeInfo.GetUnicodeCategory(text.Text, i);
            if (category is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)) builder.Copy(i, length);
            i += length;
        }
        return builder.Build();
    }
}
