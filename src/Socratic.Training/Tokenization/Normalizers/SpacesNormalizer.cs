namespace Socratic.Training.Tokenization.Normalizers;

/// <summary>Takes spaces from the ends and makes one of several.</summary>
internal sealed class SpacesNormalizer : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        var builder = new AlignedTextBuilder(text);
        var end = text.Text.AsSpan().TrimEnd(' ').Length;
        for (var i = 0; i < end; i++)
            if (text.Text[i] != ' ' || (i > 0 && text.Text[i - 1] != ' ')) builder.Copy(i, 1);
        return builder.Build();
    }
}
