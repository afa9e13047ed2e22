using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tokenization.Normalizers;

/// <summary>Puts <paramref name="content"/> in the place of each match.</summary>
internal sealed class ReplaceNormalizer(ITextPattern pattern, string content) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        if (pattern is LiteralPattern { Text.Length: 1 } literal && content.Length == 1)
            return text.Text.Contains(literal.Text[0]) ? text.WithText(text.Text.Replace(literal.Text[0], content[0])) : text;
        var builder = new AlignedTextBuilder(text);
        var done = 0;
        foreach (var (start, length) in pattern.Matches(text.Text))
        {
            builder.Copy(done, start - done);
            if (length > 0) builder.Append(content, start, length);
            done = start + length;
        }
        builder.Copy(done, text.Length - done);
        return builder.Build();
    }
}
