using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Socratic.Training.Lora.Config;

/// <summary>Reads single settings of a parsed adapter_config.json and gathers every problem; a bad or missing value gives the default.</summary>
internal sealed class ConfigReader(JsonObject json)
{
    public List<string> Problems { get; } = [];

    public int Int(string key, int otherwise) => Take(key, otherwise, "a whole number", node => AsInt(node));

    public double Double(string key, double otherwise) => Take(key, otherwise, "a number", node => AsDouble(node));

    public bool Bool(string key, bool otherwise) => Take(key, otherwise, "true or false", node => AsBool(node));

    public string? Text(string key) => TakeOptional(key, "a text", AsText);

    public TargetModules? Modules(string key) => IsEmptyText(key) ? null : TakeOptional(key, "a text or a list of names", node
        => AsText(node) is { } text ? TargetModules.FromString(text) : AsTexts(node) is { } names ? TargetModules.Create(names) : null);

    public IReadOnlyList<string>? Texts(string key) => TakeOptional(key, "a list of names", AsTexts);

    public IReadOnlyList<string>? TextOrTexts(string key)
        => IsEmptyText(key) ? null : TakeOptional(key, "a text or a list of names", node => AsText(node) is { } one ? [one] : AsTexts(node));

    public IReadOnlyList<int>? IntOrInts(string key)
        => TakeOptional<int[]>(key, "a whole number or a list of them", node => AsInt(node) is { } one ? [one] : AsList(node, AsInt));

    public IReadOnlyDictionary<string, int> IntsByPattern(string key) => TakeOptional(key, "an object of whole numbers", node => AsDictionary(node, AsInt)) ?? [];

    public IReadOnlyDictionary<string, double> DoublesByPattern(string key) => TakeOptional(key, "an object of numbers", node => AsDictionary(node, AsDouble)) ?? [];

    public TrainableTokens? Tokens(string key) => TakeOptional(key, "a list of token ids, or an object of such lists", node
        => AsList(node, AsLong) is { } ids ? TrainableTokens.Create(ids)
        : AsLists(node) is { } modules ? TrainableTokens.ForModules(modules) : null);

    public LoraInitialization Initialization(string key)
        => Take(key, LoraInitialization.Default, "true, false, gaussian, orthogonal, pissa, pissa_niter_N, olora or loftq", node
            => node is null ? LoraInitialization.Random
            : AsBool(node) is { } drawn ? drawn ? LoraInitialization.Default : LoraInitialization.Random
            : AsText(node) is { } name ? LoraInitialization.FromName(name) : null);

    /// <summary>The initialization with what <c>loftq_config</c> says of it.</summary>
    public LoraInitialization WithLoftq(LoraInitialization initialization, string key)
    {
        if (!initialization.IsLoftq || !json.TryGetPropertyValue(key, out var node) || node is not JsonObject config) return initialization;
        var (bits, turns) = (config["loftq_bits"], config["loftq_iter"]);
        if (bits is not null && AsInt(bits) != 4) Problems.Add($"{key}.loftq_bits is {Show(bits)}; expected 4.");
        if (turns is null) return initialization;
        if (AsInt(turns) is { } count and >= 1) return LoraInitialization.LoftqIterated(count);
        Problems.Add($"{key}.loftq_iter is {Show(turns)}; expected a whole number from 1 on.");
        return initialization;
    }

    public LoraBias Bias(string key) => Take(key, LoraBias.None, "none, all or lora_only", node => AsText(node) switch
    {
        "none" => LoraBias.None,
        "all" => LoraBias.All,
        "lora_only" => LoraBias.AdaptedLayers,
        _ => null,
    });

    /// <summary>A missing key gives <paramref name="otherwise"/>; JSON's null is a value like any other, which <paramref name="read"/> may not know.</summary>
    private T Take<T>(string key, T otherwise, string expected, Func<JsonNode?, object?> read)
    {
        if (!json.TryGetPropertyValue(key, out var node)) return otherwise;
        if (read(node) is T value) return value;
        Problems.Add($"{key} is {Show(node)}; expected {expected}.");
        return otherwise;
    }

    /// <summary>A missing key and JSON's null both give null.</summary>
    private T? TakeOptional<T>(string key, string expected, Func<JsonNode, T?> read)
        where T : class
    {
        if (!json.TryGetPropertyValue(key, out var node) || node is null) return null;
        if (read(node) is { } value) return value;
        Problems.Add($"{key} is {Show(node)}; expected {expected}.");
        return null;
    }

    private bool IsEmptyText(string key) => AsText(json[key]) is "";

    private static string Show(JsonNode? node)
    {
        var text = node is null ? "null" : node.ToJsonString();
        return text.Length <= 80 ? text : text[..77] + "...";
    }

    private static int? AsInt(JsonNode? node) => AsLong(node) is { } value and >= int.MinValue and <= int.MaxValue ? (int)value : null;

    private static long? AsLong(JsonNode? node)
        => node is JsonValue && node.GetValueKind() == JsonValueKind.Number && long.TryParse(node.ToJsonString(), out var value) ? value : null;

    private static double? AsDouble(JsonNode? node)
        => node is JsonValue v && v.GetValueKind() == JsonValueKind.Number && double.TryParse(v.ToJsonString(), CultureInfo.InvariantCulture, out var value)
            ? value : null;

    private static bool? AsBool(JsonNode? node) => node?.GetValueKind() switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null };

    private static string? AsText(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    private static string[]? AsTexts(JsonNode? node)
        => node is JsonArray array && array.All(item => AsText(item) is not null) ? [.. array.Select(item => AsText(item)!)] : null;

    private static T[]? AsList<T>(JsonNode? node, Func<JsonNode?, T?> read)
        where T : struct
        => node is JsonArray array && array.All(item => read(item) is not null) ? [.. array.Select(item => read(item)!.Value)] : null;

    private static Dictionary<string, T>? AsDictionary<T>(JsonNode? node, Func<JsonNode?, T?> read)
        where T : struct
        => node is JsonObject members && members.All(m => read(m.Value) is not null)
            ? members.ToDictionary(m => m.Key, m => read(m.Value)!.Value, StringComparer.Ordinal) : null;

    private static Dictionary<string, IReadOnlyList<long>>? AsLists(JsonNode? node)
        => node is JsonObject members && members.All(m => AsList(m.Value, AsLong) is not null)
            ? members.ToDictionary(m => m.Key, m => (IReadOnlyList<long>)AsList(m.Value, AsLong)!, StringComparer.Ordinal) : null;
}
