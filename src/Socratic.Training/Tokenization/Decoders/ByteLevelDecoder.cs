using System.Text;
using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tokenization.Decoders;

/// <summary>Reads the byte alphabet back. A piece with any other character stands for itself.</summary>
internal sealed class ByteLevelDecoder : IDecoder
{
    public List<string> Decode(List<string> pieces)
    {
        var bytes = new List<byte>();
        foreach (var piece in pieces)
        {
            var before = bytes.Count;
            foreach (var character in piece)
            {
                if (ByteAlphabet.TryGetByte(character, out var value))
                {
                    bytes.Add(value);
                    continue;
                }
                bytes.RemoveRange(before, bytes.Count - before);
                bytes.AddRange(Encoding.UTF8.GetBytes(piece));
                break;
            }
        }
        return [Encoding.UTF8.GetString([.. bytes])];
    }
}

/// <summary>Reads visible blanks as spaces; in the first piece they are left out if encoding puts one there.</summary>
internal sealed class MetaspaceDecoder(char blank, PrependScheme scheme) : IDecoder
{
    public List<string> Decode(List<string> pieces)
        => [.. pieces.Select((piece, i) => i == 0 && scheme != PrependScheme.Never ? piece.Replace(blank.ToString(), "", StringComparison.Ordinal) : piece.Replace(blank, ' '))];
}

/// <summary>What the reference does where a file names no decoder: pieces with spaces between.</summary>
internal sealed class SpaceDecoder : IDecoder
{
    public List<string> Decode(List<string> pieces) => [string.Join(' ', pieces)];
}
