using System.Globalization;
using System.Text.Json;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Reads from <c>post_processor</c> which ids stand before and after a text.</summary>
internal static class PostProcessorReader
{
    /// <summary>The ids before and after.</summary>
    /// <exception cref="InvalidDataException">The type is unknown, or a token is.</exception>
    public static (List<int> Prefix, List<int> Suffix) Read(JsonElement root, Vocabulary vocabulary, string file)
    {
        var (prefix, suffix) = (new List<int>(), new List<int>());
        if (root.TryGet("post_processor", out var element)) Read(element, "post_processor", vocabulary, file, prefix, suffix);
        return (prefix, suffix);
    }

    private static void Read(JsonElement element, string path, Vocabulary vocabulary, string file, List<int> prefix, List<int> suffix)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGet("type", out var type)) throw JsonFile.Expected("an object with a type", element, file, path);
        switch (type.Text(file, $"{path}.type"))
        {
            // Only trims offsets.
            case "ByteLevel": return;
            case "Sequence":
                var index = 0;
                foreach (var part in Items(element, "processors", path, file)) Read(part, string.Create(CultureInfo.InvariantCulture, $"{path}.processors[{index++}]"), vocabulary, file, prefix, suffix);
                return;
            case "TemplateProcessing":
                ReadTemplate(element, path, vocabulary, file, prefix, suffix);
                return;
            case "RobertaProcessing" or "BertProcessing":
                prefix.Insert(0, Pair(element, "cls", path, vocabulary, file));
                suffix.Add(Pair(element, "sep", path, vocabulary, file));
                return;
            case var name: throw new InvalidDataException($"{file}: {path} has the type '{name}', which is not supported.");
        }
    }

    private static void ReadTemplate(JsonElement element, string path, Vocabulary vocabulary, string file, List<int> prefix, List<int> suffix)
    {
        var before = true;
        foreach (var part in Items(element, "single", path, file))
        {
            if (part.ValueKind == JsonValueKind.Object && part.TryGet("Sequence", out _)) before = false;
            else if (part.ValueKind == JsonValueKind.Object && part.TryGet("SpecialToken", out var special) && special.ValueKind == JsonValueKind.Object && special.TryGet("id", out var id))
                (before ? prefix : suffix).AddRange(SpecialIds(element, id.Text(file, $"{path}.single[].SpecialToken.id"), path, vocabulary, file));
            else throw JsonFile.Expected("a Sequence or a SpecialToken", part, file, $"{path}.single[]");
        }
    }

    private static List<int> SpecialIds(JsonElement element, string name, string path, Vocabulary vocabulary, string file)
    {
        if (!element.TryGet("special_tokens", out var map) || map.ValueKind != JsonValueKind.Object || !map.TryGet(name, out var entry) || entry.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{file}: {path} writes '{name}', but special_tokens lacks it.");
        return [.. Items(entry, "ids", $"{path}.special_tokens['{name}']", file).Select(i => Known(i, $"{path}.special_tokens['{name}'].ids", vocabulary, file))];
    }

    private static int Pair(JsonElement element, string key, string path, Vocabulary vocabulary, string file)
    {
        var items = Items(element, key, path, file).ToList();
        if (items.Count != 2) throw new InvalidDataException($"{file}: {path}.{key} must be a token and its id.");
        return Known(items[1], $"{path}.{key}", vocabulary, file);
    }

    private static int Known(JsonElement element, string path, Vocabulary vocabulary, string file)
    {
        var id = element.Id(file, path);
        return vocabulary.TryGetPiece(id, out _) ? id : throw new InvalidDataException($"{file}: {path} names the id {id}, which is not in the vocabulary.");
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string key, string path, string file)
        => element.TryGet(key, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw new InvalidDataException($"{file}: {path}.{key} must be a list.");
}
