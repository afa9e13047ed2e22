namespace Socratic.Training.Tokenization.Normalizers;

/// <summary>Puts <paramref name="prefix"/> before a text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        if (text.Length == 0 || prefix.Length == 0) return text;
        var builder = new AlignedTextBuilder(text);
        builder.Append(prefix, 0, 1);
        builder.Copy(0, text.Length);
        return builder.Build();
    }
}
