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
            if (!entry.Value.TryId(out var id)) id = entry.Value.Id(file, $"{path}['{piece}']");
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

    /// <summary>Adds one merge, whose parts are given; <paramref name="place"/> says where it stands.</summary>
    public static void AddMerge(PairMerges merges, IReadOnlyList<string> parts, int rank, Dictionary<string, int> ids, string file, FormattableString place)
    {
        if (parts.Count != 2) throw new InvalidDataException($"{file}: {FormattableString.Invariant(place)} must have two parts, but has {parts.Count}: '{string.Join(' ', parts)}'.");
        merges.Add(IdOf(parts[0]), IdOf(parts[1]), rank, IdOf(parts[0] + parts[1]));

        int IdOf(string piece) => ids.TryGetValue(piece, out var id) ? id : throw new InvalidDataException($"{file}: {FormattableString.Invariant(place)} needs the piece '{piece}', which is not in the vocabulary.");
    }

    private static PairMerges ReadMerges(JsonElement model, Dictionary<string, int> ids, string file)
    {
        if (!model.TryGet("merges", out var list)) throw new InvalidDataException($"{file}: model.merges is missing.");
        if (list.ValueKind != JsonValueKind.Array) throw JsonFile.Expected("a list", list, file, "model.merges");
        var merges = new PairMerges(list.GetArrayLength());
        var rank = 0;
        foreach (var merge in list.EnumerateArray())
        {
            string[] parts = merge.ValueKind == JsonValueKind.Array ? [.. merge.EnumerateArray().Select(p => p.Text(file, "model.merges[][]"))] : merge.Text(file, "model.merges[]").Split(' ');
            AddMerge(merges, parts, rank, ids, file, $"model.merges[{rank}]");
            rank++;
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
