using System.Text;

namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>Writes each word's UTF-8 bytes in the byte alphabet.</summary>
/// <param name="addPrefixSpace">Puts a space before a text that does not begin with one.</param>
/// <param name="splitter">Splits into words first; null if something before did that.</param>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, IPreTokenizer? splitter) : IPreTokenizer
{
    /// <summary>GPT-2's words.</summary>
    public static IPreTokenizer Words { get; } = new SplitPreTokenizer(new RegexPattern(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), SplitBehavior.Isolated, invert: false);

    public IEnumerable<AlignedText> Split(AlignedText text)
    {
        if (addPrefixSpace && text.Length > 0 && text.Text[0] != ' ')
        {
            var builder = new AlignedTextBuilder(text);
            builder.Append(" ", 0, 1);
            builder.Copy(0, text.Length);
            text = builder.Build();
        }
        return (splitter?.Split(text) ?? [text]).Select(ToBytes);
    }

    private static AlignedText ToBytes(AlignedText word)
    {
        var builder = new AlignedTextBuilder(word);
        Span<byte> bytes = stackalloc byte[4];
        Span<char> units = stackalloc char[4];
        for (var i = 0; i < word.Length;)
        {
            var length = char.IsSurrogatePair(word.Text, i) ? 2 : 1;
            var count = Encoding.UTF8.GetBytes(word.Text.AsSpan(i, length), bytes);
            for (var b = 0; b < count; b++) units[b] = ByteAlphabet.CharacterOf(bytes[b]);
            builder.Append(units[..count], i, length);
            i += length;
        }
        return builder.Build();
    }
}
