using System.Text;
using System.Text.Json;
using Socratic.Testing.Golden;

namespace Socratic.Training.Tests.Tokenization;

/// <summary>The tokenizers and conversations of golden/tokenizers.</summary>
internal static class GoldenTokenizers
{
    public const string Area = "tokenizers";

    private static readonly Dictionary<string, TextTokenizer> Loaded = [];

    public static IReadOnlyList<JsonElement> All => GoldenRoot.Has(Area) ? [.. GoldenRoot.Index(Area).GetProperty("tokenizers").EnumerateArray()] : [];

    public static TheoryData<string> Names => [.. All.Select(t => t.GetProperty("name").GetString()!)];

    public static JsonElement Entry(string name) => All.Single(t => t.GetProperty("name").GetString() == name);

    public static string Folder(string name) => GoldenRoot.File(Area, Entry(name).GetProperty("folder").GetString()!);

    public static JsonElement Encodings(string name) => GoldenRoot.Json(GoldenRoot.File(Area, Entry(name).GetProperty("encodings").GetString()!));

    /// <summary>A file of the area; a smaller copy of the values may lack it.</summary>
    public static JsonElement FileOrSkip(string name)
    {
        var path = GoldenRoot.File(Area, name);
        if (!File.Exists(path)) Assert.Skip($"This copy of the values lacks {name}.");
        return GoldenRoot.Json(path);
    }

    public static TextTokenizer Load(string name)
    {
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(name, out var tokenizer)) Loaded.Add(name, tokenizer = TextTokenizer.Load(Folder(name)));
            return tokenizer;
        }
    }

    public static bool HasOlderFiles(string name) => File.Exists(Path.Combine(Folder(name), "tokenizer.model")) || File.Exists(Path.Combine(Folder(name), "merges.txt"));

    /// <summary>The tokenizer of a folder with everything but its tokenizer.json.</summary>
    public static TextTokenizer LoadWithoutJson(string name)
    {
        var folder = Directory.CreateTempSubdirectory("socratic-").FullName;
        try
        {
            foreach (var file in Directory.GetFiles(Folder(name)).Where(f => Path.GetFileName(f) is not ("tokenizer.json" or "encodings.json"))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            return TextTokenizer.Load(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static int[] Ids(this JsonElement element, string property) => [.. element.GetProperty(property).EnumerateArray().Select(i => i.GetInt32())];

    /// <summary>The ids of the first of the given properties that is there.</summary>
    public static int[] IdsOr(this JsonElement element, params string[] properties) => element.Ids(properties.First(p => element.TryGetProperty(p, out _)));

    public static string Text(this JsonElement element, string property) => element.GetProperty(property).GetString()!;

    public static string? TextOrNull(this JsonElement element, string property) => element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>UTF-16 units to code points.</summary>
    public static int CodePoints(string text, int units)
    {
        var count = 0;
        for (var i = 0; i < units; i++) if (!char.IsLowSurrogate(text[i])) count++;
        return count;
    }

    /// <summary>Says where two lists of ids part.</summary>
    public static void Same(IReadOnlyList<int> expected, IReadOnlyList<int> actual, string what)
    {
        if (expected.SequenceEqual(actual)) return;
        var message = new StringBuilder(what).Append(": expected [").AppendJoin(", ", expected.Take(40)).Append("], got [").AppendJoin(", ", actual.Take(40)).Append(']');
        Assert.Fail(message.ToString());
    }
}
