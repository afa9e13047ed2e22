using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Socratic.Training.Models;

/// <summary>Typed reading of a JSON object that comes from a stranger. Null and a missing key are the same, as in the reference.</summary>
internal sealed class ConfigurationReader
{
    private readonly string file;
    private readonly string prefix;
    private readonly JsonElement json;

    private ConfigurationReader(string file, string prefix, JsonElement json)
    {
        this.file = file;
        this.prefix = prefix;
        this.json = json;
    }

    /// <exception cref="ModelLoadException">The file is missing or holds no JSON object.</exception>
    public static ConfigurationReader Open(string file)
    {
        if (!File.Exists(file)) throw new ModelLoadException($"{file}: there is no such file; a model folder needs the config.json it was published with.");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { MaxDepth = 64 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigurationReader(file, "", document.RootElement.Clone())
                : throw new ModelLoadException($"{file}: found {document.RootElement.ValueKind}, expected a JSON object.");
        }
        catch (JsonException e)
        {
            throw new ModelLoadException($"{file}: not valid JSON ({e.Message}).", e);
        }
    }

    public bool Has(string key) => Find(key) is not null;

    /// <summary>True if the key is there and says null.</summary>
    public bool IsNull(string key) => json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Null;

    public int Size(string key, int? otherwise = null) => Number(key) switch
    {
        null => otherwise ?? throw Bad(key, "nothing", "a number"),
        { } n when n >= 1 && n <= int.MaxValue && Math.Floor(n) == n => (int)n,
        { } n => throw Bad(key, Text(n), "a whole number from 1 on"),
    };

    /// <summary>A whole number from 0 on.</summary>
    public int Whole(string key, int otherwise) => Number(key) switch
    {
        null => otherwise,
        { } n when n >= 0 && n <= int.MaxValue && Math.Floor(n) == n => (int)n,
        { } n => throw Bad(key, Text(n), "a whole number from 0 on"),
    };

    /// <summary>True if the key is there with a number other than 0.</summary>
    public bool IsNotZero(string key) => Number(key) is not (null or 0);

    public int? OptionalSize(string key) => Has(key) ? Size(key) : null;

    public double Positive(string key, double? otherwise = null) => Number(key) switch
    {
        null => otherwise ?? throw Bad(key, "nothing", "a number"),
        { } n when n > 0 && double.IsFinite(n) => n,
        { } n => throw Bad(key, Text(n), "a number above 0"),
    };

    /// <summary>A key that is there and null means none; a missing key means <paramref name="ifMissing"/>.</summary>
    public double? PositiveOrNull(string key, double? ifMissing) => Has(key) ? Positive(key) : IsNull(key) ? null : ifMissing;

    public bool Flag(string key, bool otherwise) => Find(key) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Bad(key, other.GetRawText(), "true or false"),
    };

    public string? Word(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } word => word.GetString(),
        { } other => throw Bad(key, other.GetRawText(), "a text"),
    };

    public IReadOnlyList<string>? Words(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            => [.. list.EnumerateArray().Select(e => e.GetString()!)],
        { } other => throw Bad(key, other.GetRawText(), "a list of texts"),
    };

    /// <summary>One id or a list of ids; empty if there is none.</summary>
    public IReadOnlyList<int> Ids(string key) => Find(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Number } one when one.TryGetInt32(out var id) && id >= 0 => [id],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out var id) && id >= 0)
            => [.. list.EnumerateArray().Select(e => e.GetInt32())],
        { } other => throw Bad(key, other.GetRawText(), "a token id or a list of token ids"),
    };

    public ConfigurationReader? Section(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } section => new ConfigurationReader(file, $"{prefix}{key}.", section),
        { } other => throw Bad(key, other.GetRawText(), "an object"),
    };

    /// <summary>A section as it stands in the file, or null.</summary>
    public JsonObject? Node(string key) => Section(key) is { } section ? JsonObject.Create(section.json) : null;

    /// <summary>The error for a value that is wrong.</summary>
    public ModelLoadException Bad(string key, string found, string expected) => new($"{file}: {prefix}{key} is {Cut(found)}, expected {expected}.");

    /// <summary>The error for a setting that is known but not done here.</summary>
    public ModelLoadException NotDone(string key, string found, string done)
        => new($"{file}: {prefix}{key} = {Cut(found)} is not supported; supported: {done}.");

    private double? Number(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble(),
        { } other => throw Bad(key, other.GetRawText(), "a number"),
    };

    private JsonElement? Find(string key) => json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static string Cut(string text) => text.Length <= 100 ? text : text[..100] + "...";
}
