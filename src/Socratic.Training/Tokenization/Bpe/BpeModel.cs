using System.Globalization;
using System.Text;

namespace Socratic.Training.Tokenization.Bpe;

/// <summary>Byte-pair encoding of one word: characters, then merges, then bytes or the unknown piece for what has no piece.</summary>
internal sealed class BpeModel
{
    public required Vocabulary Vocabulary { get; init; }

    public required IMergeTable Merges { get; init; }

    /// <summary>The piece of each byte value, if characters without a piece fall back to bytes.</summary>
    public int[]? ByteIds { get; init; }

    public int? UnknownId { get; init; }

    /// <summary>Neighbouring unknown characters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>A word that is a piece is one token, whether merges reach it or not.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Appends the tokens of a word, with their places in it.</summary>
    /// <param name="word">The word.</param>
    /// <param name="content">True for text from people: no control piece may come out.</param>
    /// <param name="workspace">Scratch space.</param>
    /// <param name="output">Receives id, start and length of each token.</param>
    public void Encode(string word, bool content, BpeWorkspace workspace, List<(int Id, int Start, int Length)> output)
    {
        if (word.Length == 0) return;
        if (IgnoreMerges && TryPiece(word, content, out var whole))
        {
            output.Add((whole, 0, word.Length));
            return;
        }
        workspace.Clear();
        for (var i = 0; i < word.Length;)
        {
            var length = char.IsSurrogatePair(word, i) ? 2 : 1;
            workspace.Add(TryPiece(word.AsSpan(i, length), content, out var id) ? id : -1, i, length);
            i += length;
        }
        workspace.Merge(word, Merges, content ? Vocabulary.IsControl : null);
        var unknownBefore = false;
        foreach (var (id, start, length) in workspace.Symbols())
        {
            if (id >= 0) output.Add((id, start, length));
            else if (ByteIds is not null) AddBytes(word.AsSpan(start, length), start, output);
            else AddUnknown(word, start, length, unknownBefore, output);
            unknownBefore = id < 0;
        }
    }

    private bool TryPiece(ReadOnlySpan<char> text, bool content, out int id)
        => Vocabulary.TryGetModelId(text, out id) && !(content && Vocabulary.IsControl(id));

    private void AddBytes(ReadOnlySpan<char> character, int start, List<(int Id, int Start, int Length)> output)
    {
        Span<byte> bytes = stackalloc byte[4];
        var count = Encoding.UTF8.GetBytes(character, bytes);
        foreach (var b in bytes[..count]) output.Add((ByteIds![b], start, character.Length));
    }

    private void AddUnknown(string word, int start, int length, bool unknownBefore, List<(int Id, int Start, int Length)> output)
    {
        if (UnknownId is not { } unknown)
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The tokenizer has no piece for the character U+{char.ConvertToUtf32(word, start):X4}, and no unknown piece."));
        if (unknownBefore && FuseUnknown)
        {
            var last = output[^1];
            output[^1] = (unknown, last.Start, start + length - last.Start);
        }
        else output.Add((unknown, start, length));
    }
}
