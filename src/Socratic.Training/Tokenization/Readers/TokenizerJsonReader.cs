using System.Globalization;
using System.Text.Json;
using Socratic.Training.Tokenization.Decoders;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Reads a tokenizer.json with a BPE model. Anything it would have to skip is an error.</summary>
internal static class TokenizerJsonReader
{
    /// <summary>Reads a tokenizer.</summary>
    /// <param name="content">The file's content.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="settings">What the folder's configuration says.</param>
    /// <exception cref="InvalidDataException">The file is broken or uses something not supported here.</exception>
    public static TokenizerPipeline Read(ReadOnlyMemory<byte> content, string file, TokenizerSettings settings)
    {
        var root = JsonFile.ParseObject(content, file);
        if (!root.TryGet("model", out var model)) throw new InvalidDataException($"{file}: model is missing.");
        if (model.ValueKind != JsonValueKind.Object) throw JsonFile.Expected("an object", model, file, "model");
        BpeJsonReader.CheckType(model, file);
        var ids = BpeJsonReader.ReadVocabulary(model, file);
        var vocabulary = new Vocabulary(ids, AddedTokenReader.Read(root, ids, file, settings));
        var (prefix, suffix) = PostProcessorReader.Read(root, vocabulary, file);
        return new TokenizerPipeline(
            vocabulary,
            BpeJsonReader.ReadModel(model, ids, vocabulary, file),
            root.TryGet("normalizer", out var normalizer) ? new NormalizerReader(file).Read(normalizer, "normalizer") : null,
            root.TryGet("pre_tokenizer", out var preTokenizer) ? new PreTokenizerReader(file).Read(preTokenizer, "pre_tokenizer") : null,
            root.TryGet("decoder", out var decoder) ? new DecoderReader(file).Read(decoder, "decoder") : new SpaceDecoder(),
            prefix, suffix);
    }
}

/// <summary>Reads <c>added_tokens</c>.</summary>
internal static class AddedTokenReader
{
    /// <summary>The added tokens of tokenizer.json, and those that only the configuration knows.</summary>
    public static List<AddedToken> Read(JsonElement root, Dictionary<string, int> ids, string file, TokenizerSettings settings)
    {
        var added = new List<AddedToken>();
        if (root.TryGet("added_tokens", out var list))
        {
            if (list.ValueKind != JsonValueKind.Array) throw JsonFile.Expected("a list", list, file, "added_tokens");
            foreach (var entry in list.EnumerateArray())
            {
                var where = string.Create(CultureInfo.InvariantCulture, $"added_tokens[{added.Count}]");
                if (entry.ValueKind != JsonValueKind.Object || !entry.TryGet("id", out var id)) throw JsonFile.Expected("an object with an id", entry, file, where);
                added.Add(TokenizerSettings.ReadAddedToken(entry, id.Id(file, $"{where}.id"), file, where));
            }
        }
        return Merge(added, ids, file, settings);
    }

    /// <summary>Checks that ids fit the vocabulary, and adds what only the configuration knows.</summary>
    public static List<AddedToken> Merge(List<AddedToken> added, Dictionary<string, int> ids, string file, TokenizerSettings settings)
    {
        var all = new Dictionary<string, int>(ids, StringComparer.Ordinal);
        foreach (var token in added)
        {
            if (all.TryGetValue(token.Content, out var id) && id != token.Id) throw new InvalidDataException($"{file}: the added token '{token.Content}' has the id {token.Id}, but the piece has the id {id}.");
            all[token.Content] = token.Id;
        }
        var known = added.Select(t => t.Content).ToHashSet(StringComparer.Ordinal);
        foreach (var token in settings.AddedTokens)
        {
            settings.CheckAgainst(all, token, file);
            if (known.Add(token.Content)) added.Add(token);
        }
        CheckIds(added, ids, file);
        return added.ConvertAll(t => t with { IsControl = t.Special || !ids.ContainsKey(t.Content) });
    }

    /// <summary>New ids follow the vocabulary's without a hole; the reference would give others without a word.</summary>
    private static void CheckIds(List<AddedToken> added, Dictionary<string, int> ids, string file)
    {
        var expected = ids.Count;
        var taken = ids.ToDictionary(p => p.Value, p => p.Key);
        foreach (var token in added.Where(t => !ids.ContainsKey(t.Content)).DistinctBy(t => t.Content).OrderBy(t => t.Id))
        {
            if (!taken.TryAdd(token.Id, token.Content)) throw new InvalidDataException($"{file}: the added token '{token.Content}' has the id {token.Id}, which '{taken[token.Id]}' has.");
            if (token.Id != expected) throw new InvalidDataException($"{file}: the added token '{token.Content}' has the id {token.Id}, but the next free id is {expected}.");
            expected++;
        }
    }
}
