using System.Globalization;
using System.Text.Json;
using Socratic.Training.Tokenization.Bpe;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Reads the <c>model</c> of a tokenizer.json.</summary>
internal static class BpeJsonReader
{
    /// <summary>Requires a BPE model without anything that changes its meaning and is not supported.</summary>
    public static void CheckType(JsonElement model, string file)
    {
        if (model.TryGet("type", out var type) && type.Text(file, "model.type") is var name and not "BPE") throw new InvalidDataException($"{file}: model.type is {name}; only BPE is supported.");
        if (model.TryGet("dropout", out var dropout) && !(dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() == 0)) throw new InvalidDataException($"{file}: model.dropout is {dropout.GetRawText()}, which is not supported.");
        foreach (var key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.TryGet(key, out var value) && value.Text(file, $"model.{key}").Length > 0) throw new InvalidDataException($"{file}: model.{key} is '{value.GetString()}', which is not supported.");
    }

    /// <summary>Reads <c>vocab</c>.</summary>
    public static Dictionary<string, int> ReadVocabulary(JsonElement model, string file)
    {
        if (!model.TryGet("vocab", out var vocabulary)) throw new InvalidDataException($"{file}: model.vocab is missing.");
        if (vocabulary.ValueKind != JsonValueKind.Object) throw JsonFile.Expected("an object", vocabulary, file, "model.vocab");
        return ReadVocabulary(vocabulary, file, "model.vocab");
    }

    /// <summary>Reads an object of pieces and ids.</summary>
    public static Dictionary<string, int> ReadVocabulary(JsonElement vocabulary, string file, string path)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var pieces = new Dictionary<int, string>();
        foreach (var entry in vocabulary.EnumerateObject())
        {
            var piece = NameOf(entry, file, path);
            var id = entry.Value.Id(file, $"{path}['{piece}']");
            ids.Add(piece, id);
            if (!pieces.TryAdd(id, piece)) throw new InvalidDataException($"{file}: {path} gives the id {id} to both '{pieces[id]}' and '{piece}'.");
        }
        return ids.Count > 0 ? ids : throw new InvalidDataException($"{file}: {path} is empty.");
    }

    /// <summary>Reads the rest of the model.</summary>
    public static BpeModel ReadModel(JsonElement model, Dictionary<string, int> ids, Vocabulary vocabulary, string file)
    {
        int? unknown = null;
        if (model.TryGet("unk_token", out var name))
        {
            var piece = name.Text(file, "model.unk_token");
            unknown = ids.TryGetValue(piece, out var id) ? id : throw new InvalidDataException($"{file}: model.unk_token is '{piece}', which is not in the vocabulary.");
        }
        return new BpeModel
        {
            Vocabulary = vocabulary,
            Merges = ReadMerges(model, ids, file),
            UnknownId = unknown,
            ByteIds = model.Flag("byte_fallback", false, file, "model") ? BytePieces.Find(ids, file) : null,
            FuseUnknown = model.Flag("fuse_unk", false, file, "model"),
            IgnoreMerges = model.Flag("ignore_merges", false, file, "model"),
        };
    }

    /// <summary>Adds one merge.</summary>
    public static void AddMerge(PairMerges merges, string left, string right, int rank, Dictionary<string, int> ids, string file, string path)
    {
        merges.Add(IdOf(left), IdOf(right), rank, IdOf(left + right));

        int IdOf(string piece) => ids.TryGetValue(piece, out var id) ? id : throw new InvalidDataException($"{file}: {path} needs the piece '{piece}', which is not in the vocabulary.");
    }

    private static PairMerges ReadMerges(JsonElement model, Dictionary<string, int> ids, string file)
    {
        if (!model.TryGet("merges", out var list)) throw new InvalidDataException($"{file}: model.merges is missing.");
        if (list.ValueKind != JsonValueKind.Array) throw JsonFile.Expected("a list", list, file, "model.merges");
        var merges = new PairMerges(list.GetArrayLength());
        var rank = 0;
        foreach (var merge in list.EnumerateArray())
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"model.merges[{rank}]");
            var parts = merge.ValueKind == JsonValueKind.Array ? [.. merge.EnumerateArray().Select(p => p.Text(file, path))] : merge.Text(file, path).Split(' ');
            if (parts.Length != 2) throw new InvalidDataException($"{file}: {path} must have two parts, but has {parts.Length}: {merge.GetRawText()}.");
            AddMerge(merges, parts[0], parts[1], rank++, ids, file, path);
        }
        return merges;
    }

    private static string NameOf(JsonProperty entry, string file, string path)
    {
        try
        {
            return entry.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{file}: a piece of {path} holds half of a surrogate pair.", e);
        }
    }
}
