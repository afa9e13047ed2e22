using System.Globalization;
using System.Text;
using Socratic.Training.Tokenization.Bpe;
using Socratic.Training.Tokenization.Decoders;
using Socratic.Training.Tokenization.Normalizers;
using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Reads a sentencepiece model (<c>tokenizer.model</c>) of type BPE with identity normalization.</summary>
internal static class SentencePieceReader
{
    private const char Blank = '▁';

    private enum PieceType
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    private sealed record Piece(string Text, float Score, PieceType Type);

    private sealed class Model
    {
        public List<Piece> Pieces { get; } = [];

        public int Type { get; set; } = 1;

        public bool HasTrainer { get; set; }

        public bool ByteFallback { get; set; }

        public bool BlankAsSuffix { get; set; }

        public bool DummyPrefix { get; set; } = true;

        public bool RemoveExtraBlanks { get; set; } = true;

        public bool EscapeBlanks { get; set; } = true;

        public bool HasCharacterMap { get; set; }

        public int BosId { get; set; } = 1;
    }

    /// <summary>Reads a model.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="settings">What the folder's configuration says about added tokens and bos.</param>
    /// <exception cref="InvalidDataException">The file is broken or uses something not supported here.</exception>
    public static TokenizerPipeline Read(ReadOnlySpan<byte> bytes, string file, TokenizerSettings settings)
    {
        var model = Parse(bytes, file);
        var ids = Index(model, file);
        Check(model, file);
        if (!model.DummyPrefix && ids.Remove("<0x09>", out var tab))
        {
            // Published Gemma tokenizers know this byte as the tab itself.
            ids.Add("\t", tab);
            model.Pieces[tab] = model.Pieces[tab] with { Text = "\t" };
        }
        var added = Added(model, ids, settings, file);
        var vocabulary = new Vocabulary(ids, added);
        var bpe = new BpeModel
        {
            Vocabulary = vocabulary,
            Merges = new PieceMerges(model.Pieces.Select((p, id) => (p, id)).Where(p => p.p.Type is PieceType.Normal or PieceType.UserDefined).Select(p => (p.p.Text, p.id, p.p.Score))),
            ByteIds = model.ByteFallback ? BytePieces.Find(ids, file) : null,
            UnknownId = model.Pieces.FindIndex(p => p.Type == PieceType.Unknown),
            FuseUnknown = true,
        };
        List<INormalizer> normalizers = [new ReplaceNormalizer(new LiteralPattern(" "), Blank.ToString())];
        if (model.DummyPrefix) normalizers.Insert(0, new PrependNormalizer(Blank.ToString()));
        if (model.RemoveExtraBlanks) normalizers.Insert(0, new SpacesNormalizer());
        List<IDecoder> decoders = [new ReplaceDecoder(new LiteralPattern(Blank.ToString()), " "), new ByteFallbackDecoder(), new FuseDecoder()];
        if (model.DummyPrefix) decoders.Add(new StripDecoder(' ', 1, 0));
        var addsBos = (settings.AddBos ?? true) && model.BosId >= 0 && model.BosId < model.Pieces.Count;
        return new TokenizerPipeline(vocabulary, bpe, new SequenceNormalizer(normalizers), null, new SequenceDecoder(decoders), addsBos ? [model.BosId] : [], []);
    }

    private static Model Parse(ReadOnlySpan<byte> bytes, string file)
    {
        var model = new Model();
        for (var reader = new ProtobufReader(bytes, 0, file); reader.Read();)
        {
            switch (reader.Field)
            {
                case 1: model.Pieces.Add(ParsePiece(reader.Message, model.Pieces.Count, file)); break;
                case 2: ParseTrainer(reader.Message, model); break;
                case 3: ParseNormalizer(reader.Message, model); break;
            }
        }
        return model;
    }

    private static Piece ParsePiece(ProtobufReader reader, int index, string file)
    {
        var (text, score, type) = ("", 0f, PieceType.Normal);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1: text = ReadText(reader.Bytes, index, file); break;
                case 2: score = reader.Single; break;
                case 3: type = (PieceType)reader.Number; break;
            }
        }
        if (text.Length == 0) throw new InvalidDataException($"{file}: piece {index} has no text.");
        if (!float.IsFinite(score)) throw new InvalidDataException($"{file}: piece {index} ('{text}') has the score {score.ToString(CultureInfo.InvariantCulture)}, which gives no merge order.");
        if (type is PieceType.Unused || !Enum.IsDefined(type)) throw new InvalidDataException($"{file}: piece {index} ('{text}') has the type {type}, which is not supported.");
        return new Piece(text, score, type);
    }

    private static string ReadText(ReadOnlySpan<byte> bytes, int index, string file)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{file}: piece {index} is not UTF-8.", e);
        }
    }

    private static void ParseTrainer(ProtobufReader reader, Model model)
    {
        model.HasTrainer = true;
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 3: model.Type = (int)reader.Number; break;
                case 24: model.BlankAsSuffix = reader.Number != 0; break;
                case 35: model.ByteFallback = reader.Number != 0; break;
                case 41: model.BosId = (int)reader.Number; break;
            }
        }
    }

    private static void ParseNormalizer(ProtobufReader reader, Model model)
    {
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 2: model.HasCharacterMap = reader.Bytes.Length > 0; break;
                case 3: model.DummyPrefix = reader.Number != 0; break;
                case 4: model.RemoveExtraBlanks = reader.Number != 0; break;
                case 5: model.EscapeBlanks = reader.Number != 0; break;
            }
        }
    }

    private static void Check(Model model, string file)
    {
        if (model.Pieces.Count == 0) throw new InvalidDataException($"{file}: holds no pieces; is it a sentencepiece model?");
        if (!model.HasTrainer) throw new InvalidDataException($"{file}: has no trainer_spec, so its type is unknown; the file may be cut off.");
        if (model.Type != 2)
        {
            var name = model.Type switch { 1 => "unigram", 3 => "word", 4 => "char", var other => other.ToString(CultureInfo.InvariantCulture) };
            throw new InvalidDataException($"{file}: the model type is {name}; only bpe is supported.");
        }
        if (model.Pieces.All(p => p.Type != PieceType.Unknown)) throw new InvalidDataException($"{file}: has no piece of type UNKNOWN.");
        if (model.HasCharacterMap) throw new InvalidDataException($"{file}: normalizes with a character map (precompiled_charsmap), which is not supported; use the folder's tokenizer.json.");
        if (model.RemoveExtraBlanks && model.Pieces.Any(p => p.Type == PieceType.UserDefined))
            throw new InvalidDataException($"{file}: normalizer_spec.remove_extra_whitespaces is set and there are user-defined pieces, which is not supported together; use the folder's tokenizer.json.");
        if (model.BlankAsSuffix) throw new InvalidDataException($"{file}: trainer_spec.treat_whitespace_as_suffix is set, which is not supported.");
        if (!model.EscapeBlanks) throw new InvalidDataException($"{file}: normalizer_spec.escape_whitespaces is off, which is not supported.");
    }

    private static Dictionary<string, int> Index(Model model, string file)
    {
        var ids = new Dictionary<string, int>(model.Pieces.Count, StringComparer.Ordinal);
        for (var id = 0; id < model.Pieces.Count; id++)
            if (!ids.TryAdd(model.Pieces[id].Text, id)) throw new InvalidDataException($"{file}: the piece '{model.Pieces[id].Text}' is there twice, as {ids[model.Pieces[id].Text]} and {id}.");
        return ids;
    }

    private static List<AddedToken> Added(Model model, Dictionary<string, int> ids, TokenizerSettings settings, string file)
    {
        var added = new Dictionary<int, AddedToken>();
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            var (text, _, type) = model.Pieces[id];
            var control = type is PieceType.Control or PieceType.Unknown;
            if (control || type is PieceType.UserDefined) added.Add(id, new AddedToken(id, text) { Special = control, IsControl = control });
        }
        foreach (var token in settings.AddedTokens)
        {
            settings.CheckAgainst(ids, token, file);
            var known = ids.ContainsKey(token.Content);
            added[token.Id] = token with { IsControl = token.Special || !known || added.GetValueOrDefault(token.Id) is { IsControl: true } };
        }
        foreach (var (text, id) in ids)
            if (settings.SpecialPieces.Contains(text)) added[id] = added.GetValueOrDefault(id, new AddedToken(id, text)) with { Special = true, IsControl = true };
        return [.. added.Values];
    }
}
