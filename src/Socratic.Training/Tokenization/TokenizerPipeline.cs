using System.Globalization;
using Socratic.Training.Tokenization.Bpe;
using Socratic.Training.Tokenization.Decoders;
using Socratic.Training.Tokenization.Normalizers;
using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tokenization;

/// <summary>What a tokenizer's file describes: from text to tokens and back, in the reference's order.</summary>
internal sealed class TokenizerPipeline
{
    private readonly AddedTokenScanner[] rawScanners = new AddedTokenScanner[2];
    private readonly AddedTokenScanner[] normalizedScanners = new AddedTokenScanner[2];
    private readonly Dictionary<int, string> normalizedContents;

    public TokenizerPipeline(Vocabulary vocabulary, BpeModel model, INormalizer? normalizer, IPreTokenizer? preTokenizer, IDecoder? decoder, IReadOnlyList<int> prefix, IReadOnlyList<int> suffix)
    {
        (Vocabulary, Model, Normalizer, PreTokenizer, Decoder, Prefix, Suffix) = (vocabulary, model, normalizer, preTokenizer, decoder, prefix, suffix);
        normalizedContents = vocabulary.AddedTokens.Where(t => t.Normalized).ToDictionary(t => t.Id, t => Normalize(t.Content));
        foreach (var content in (int[])[0, 1])
        {
            var seen = vocabulary.AddedTokens.Where(t => content == 0 || !t.IsControl).ToList();
            rawScanners[content] = new AddedTokenScanner(seen.Where(t => !t.Normalized).Select(t => (t, t.Content)));
            normalizedScanners[content] = new AddedTokenScanner(seen.Where(t => t.Normalized).Select(t => (t, normalizedContents[t.Id])));
        }
    }

    public Vocabulary Vocabulary { get; }

    public BpeModel Model { get; }

    public INormalizer? Normalizer { get; }

    public IPreTokenizer? PreTokenizer { get; }

    public IDecoder? Decoder { get; }

    /// <summary>The ids before a text that is given to the model as it is (bos, or nothing).</summary>
    public IReadOnlyList<int> Prefix { get; }

    /// <summary>The ids after such a text.</summary>
    public IReadOnlyList<int> Suffix { get; }

    /// <summary>Encodes a text, without <see cref="Prefix"/> and <see cref="Suffix"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="content">True for text from people: no control piece comes out.</param>
    /// <param name="origin">Where the text stands in a longer one: token places count from that one's start, and only a text at 0 gets a dummy prefix.</param>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair, or a character without any piece.</exception>
    public List<Token> Encode(string text, bool content, int origin = 0)
    {
        RequireWellFormed(text);
        var tokens = new List<Token>(text.Length / 2 + 1);
        var run = new Run(content, tokens);
        foreach (var (token, start, end) in rawScanners[content ? 1 : 0].Scan(text))
        {
            if (token is not null) tokens.Add(new Token(token.Id, origin + start, origin + end));
            else EncodePart(new AlignedText(text[start..end], origin + start), run);
        }
        return tokens;
    }

    /// <summary>What a token stands for in a text: its piece, normalized if the text it is looked for in is.</summary>
    public string TextOf(int id) => normalizedContents.TryGetValue(id, out var text) || Vocabulary.TryGetPiece(id, out text) ? text : "";

    /// <summary>The text of ids.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id has no piece.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecial)
    {
        var pieces = new List<string>();
        var index = 0;
        foreach (var id in ids)
        {
            if (!Vocabulary.TryGetPiece(id, out var piece))
                throw new ArgumentOutOfRangeException(nameof(ids), id, string.Create(CultureInfo.InvariantCulture, $"Id {id} at index {index} is not in the tokenizer's vocabulary of {Vocabulary.Count}: is this the model's own tokenizer?"));
            if (!(skipSpecial && Vocabulary.IsSpecial(id))) pieces.Add(normalizedContents.GetValueOrDefault(id, piece));
            index++;
        }
        return string.Concat(Decoder?.Decode(pieces) ?? pieces);
    }

    private string Normalize(string text) => Normalizer is null ? text : Normalizer.Normalize(new AlignedText(text, 0)).Text;

    private void EncodePart(AlignedText part, Run run)
    {
        var normalized = Normalizer?.Normalize(part) ?? part;
        foreach (var (token, start, end) in normalizedScanners[run.Content ? 1 : 0].Scan(normalized.Text))
        {
            if (token is not null)
            {
                run.Tokens.Add(new Token(token.Id, normalized.SourceStart(start), normalized.SourceEnd(end - 1)));
                continue;
            }
            var between = normalized.Slice(start, end - start);
            if (PreTokenizer is null) EncodeWord(between, run);
            else foreach (var word in PreTokenizer.Split(between)) EncodeWord(word, run);
        }
    }

    private void EncodeWord(AlignedText word, Run run)
    {
        run.Pieces.Clear();
        Model.Encode(word.Text, run.Content, run.Workspace, run.Pieces);
        foreach (var (id, start, length) in run.Pieces)
            run.Tokens.Add(new Token(id, word.SourceStart(start), word.SourceEnd(start + length - 1)));
    }

    private static void RequireWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
            else throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The text holds half of a surrogate pair, U+{(int)text[i]:X4}, at index {i}; it has no UTF-8 form."), nameof(text));
        }
    }

    private sealed class Run(bool content, List<Token> tokens)
    {
        public bool Content { get; } = content;

        public List<Token> Tokens { get; } = tokens;

        public BpeWorkspace Workspace { get; } = new();

        public List<(int Id, int Start, int Length)> Pieces { get; } = [];
    }
}

/// <summary>A token and the range of the text that it covers, in UTF-16 units.</summary>
internal readonly record struct Token(int Id, int Start, int End);
