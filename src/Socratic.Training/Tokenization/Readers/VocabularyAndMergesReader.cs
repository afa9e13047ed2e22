using System.Text;
using Socratic.Training.Tokenization.Bpe;
using Socratic.Training.Tokenization.Decoders;
using Socratic.Training.Tokenization.Normalizers;
using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Reads vocab.json and merges.txt, the older form of byte-level vocabularies; their split and normalization are not in the files, but known by the tokenizer's class.</summary>
internal static class VocabularyAndMergesReader
{
    private const string QwenWords = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Reads a tokenizer.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or the tokenizer's class is not one whose split is known.</exception>
    public static TokenizerPipeline Read(TokenizerFiles files, TokenizerSettings settings)
    {
        files.TryGet(TokenizerFiles.Vocabulary, out var vocabularyContent);
        files.TryGet(TokenizerFiles.Merges, out var mergesContent);
        var file = files.PathOf(TokenizerFiles.Vocabulary);
        var ids = BpeJsonReader.ReadVocabulary(JsonFile.ParseObject(vocabularyContent, file), file, "$");
        var vocabulary = new Vocabulary(ids, AddedTokenReader.Merge([], ids, file, settings));
        var model = new BpeModel { Vocabulary = vocabulary, Merges = ReadMerges(mergesContent, files.PathOf(TokenizerFiles.Merges), ids) };
        var (normalizer, words) = ByClass(settings.TokenizerClass, files);
        return new TokenizerPipeline(vocabulary, model, normalizer, words, new ByteLevelDecoder(), [], []);
    }

    private static (INormalizer? Normalizer, IPreTokenizer Words) ByClass(string? name, TokenizerFiles files) => name switch
    {
        "Qwen2Tokenizer" or "Qwen2TokenizerFast" => (new UnicodeNormalizer(NormalizationForm.FormC), new SequencePreTokenizer([new SplitPreTokenizer(new RegexPattern(QwenWords), SplitBehavior.Isolated, invert: false), new ByteLevelPreTokenizer(false, null)])),
        "GPT2Tokenizer" or "GPT2TokenizerFast" => (null, new ByteLevelPreTokenizer(false, ByteLevelPreTokenizer.Words)),
        _ => throw new InvalidDataException($"{files.PathOf(TokenizerFiles.Config)}: tokenizer_class is '{name ?? "missing"}'; how it splits words is not in {TokenizerFiles.Vocabulary} and {TokenizerFiles.Merges}. A {TokenizerFiles.Json} is needed (known without one: Qwen2Tokenizer, GPT2Tokenizer)."),
    };

    private static PairMerges ReadMerges(byte[] content, string file, Dictionary<string, int> ids)
    {
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{file}: not UTF-8 at byte {e.Index}.", e);
        }
        var lines = text.Split('\n');
        var merges = new PairMerges(lines.Length);
        var rank = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimEnd('\r');
            if (line.Length == 0 || (i == 0 && line.StartsWith("#version", StringComparison.Ordinal))) continue;
            BpeJsonReader.AddMerge(merges, line.Split(' '), rank++, ids, file, $"line {i + 1}");
        }
        return merges;
    }
}
