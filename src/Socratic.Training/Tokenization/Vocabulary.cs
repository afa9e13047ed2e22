using System.Diagnostics.CodeAnalysis;

namespace Socratic.Training.Tokenization;

/// <summary>All pieces of a tokenizer: the model's own and the added ones.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> model;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> modelLookup;
    private readonly Dictionary<string, int> added = new(StringComparer.Ordinal);
    private readonly string?[] pieces;
    private readonly bool[] control;
    private readonly bool[] special;

    /// <summary>The model's pieces (ids are unique) and the added ones, whose ids agree with the model's where both know a piece.</summary>
    public Vocabulary(Dictionary<string, int> model, IReadOnlyList<AddedToken> addedTokens)
    {
        this.model = model;
        modelLookup = model.GetAlternateLookup<ReadOnlySpan<char>>();
        AddedTokens = addedTokens;
        Count = Math.Max(model.Count == 0 ? 0 : model.Values.Max(), addedTokens.Count == 0 ? 0 : addedTokens.Max(t => t.Id)) + 1;
        pieces = new string?[Count];
        control = new bool[Count];
        special = new bool[Count];
        foreach (var (piece, id) in model) pieces[id] = piece;
        foreach (var token in addedTokens)
        {
            added[token.Content] = token.Id;
            pieces[token.Id] = token.Content;
            control[token.Id] = token.IsControl;
            special[token.Id] = token.Special;
        }
    }

    /// <summary>One more than the highest id.</summary>
    public int Count { get; }

    public IReadOnlyList<AddedToken> AddedTokens { get; }

    public bool TryGetModelId(ReadOnlySpan<char> piece, out int id) => modelLookup.TryGetValue(piece, out id);

    public bool TryGetId(string piece, out int id) => added.TryGetValue(piece, out id) || model.TryGetValue(piece, out id);

    public bool TryGetPiece(int id, [NotNullWhen(true)] out string? piece)
    {
        piece = (uint)id < (uint)Count ? pieces[id] : null;
        return piece is not null;
    }

    /// <summary>True for a piece that text from people never becomes.</summary>
    public bool IsControl(int id) => control[id];

    /// <summary>True for a piece that decoding can leave out.</summary>
    public bool IsSpecial(int id) => special[id];
}
