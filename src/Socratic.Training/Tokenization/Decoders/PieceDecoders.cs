using System.Globalization;
using System.Text;
using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tokenization.Decoders;

/// <summary>Puts <paramref name="content"/> in the place of each match, piece by piece.</summary>
internal sealed class ReplaceDecoder(ITextPattern pattern, string content) : IDecoder
{
    public List<string> Decode(List<string> pieces) => pieces.ConvertAll(Replace);

    private string Replace(string piece)
    {
        if (pattern is LiteralPattern literal) return literal.Text.Length == 0 ? piece : piece.Replace(literal.Text, content, StringComparison.Ordinal);
        var text = new StringBuilder();
        var done = 0;
        foreach (var (start, length) in pattern.Matches(piece))
        {
            text.Append(piece, done, start - done).Append(content);
            done = start + length;
        }
        return text.Append(piece, done, piece.Length - done).ToString();
    }
}

/// <summary>Reads runs of byte pieces as UTF-8. If a whole run is not valid, each of its bytes becomes U+FFFD, as in the reference.</summary>
internal sealed class ByteFallbackDecoder : IDecoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The byte value of a piece of the form <c>&lt;0xNN&gt;</c>, or -1.</summary>
    public static int ByteOf(string piece) => piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
        && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : -1;

    public List<string> Decode(List<string> pieces)
    {
        var result = new List<string>(pieces.Count);
        var run = new List<byte>();
        foreach (var piece in pieces)
        {
            if (ByteOf(piece) is >= 0 and var value)
            {
                run.Add((byte)value);
                continue;
            }
            Flush(run, result);
            result.Add(piece);
        }
        Flush(run, result);
        return result;
    }

    private static void Flush(List<byte> run, List<string> result)
    {
        if (run.Count == 0) return;
        try
        {
            result.Add(Strict.GetString([.. run]));
        }
        catch (DecoderFallbackException)
        {
            result.Add(new string('\uFFFD', run.Count));
        }
        run.Clear();
    }
}

/// <summary>Joins all pieces.</summary>
internal sealed class FuseDecoder : IDecoder
{
    public List<string> Decode(List<string> pieces) => [string.Concat(pieces)];
}

/// <summary>Takes up to <paramref name="start"/> and <paramref name="stop"/> characters <paramref name="content"/> from the two ends of each piece.</summary>
internal sealed class StripDecoder(char content, int start, int stop) : IDecoder
{
    public List<string> Decode(List<string> pieces) => pieces.ConvertAll(Strip);

    private string Strip(string piece)
    {
        var from = 0;
        while (from < start && from < piece.Length && piece[from] == content) from++;
        var to = piece.Length;
        while (piece.Length - to < stop && to > from && piece[to - 1] == content) to--;
        return piece[from..to];
    }
}

/// <summary>One decoder after the other.</summary>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> parts) : IDecoder
{
    public List<string> Decode(List<string> pieces) => parts.Aggregate(pieces, (current, part) => part.Decode(current));
}
