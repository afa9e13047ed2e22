using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Socratic.Training.Files;

/// <summary>Settings as JSON that people read: snake_case names and values, indented by two, text beyond ASCII as it is.</summary>
internal static class SettingsJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public static JsonSerializerOptions Options { get; } = Create(_ => { });

    /// <summary>Options whose properties are changed, say renamed, type by type.</summary>
    public static JsonSerializerOptions Create(Action<JsonTypeInfo> change)
    {
        var resolver = new DefaultJsonTypeInfoResolver();
        resolver.Modifiers.Add(change);
        return new JsonSerializerOptions
        {
            TypeInfoResolver = resolver,
            WriteIndented = true,
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        };
    }

    public static JsonNode ToNode<T>(T value) => JsonSerializer.SerializeToNode(value, Options)!;

    public static JsonObject ToObject<T>(T value, JsonSerializerOptions? options = null) => JsonSerializer.SerializeToNode(value, options ?? Options)!.AsObject();

    /// <exception cref="InvalidDataException">The node does not fit; the message names <paramref name="where"/> and the key.</exception>
    public static T FromNode<T>(JsonNode node, string where, JsonSerializerOptions? options = null)
    {
        try
        {
            return node.Deserialize<T>(options ?? Options) ?? throw new JsonException("It holds null, expected an object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{where}: {ValueKind.Explain(e, node, (options ?? Options).GetTypeInfo(typeof(T))) ?? e.Message}", e);
        }
    }

    public static string Text(JsonNode node) => node.ToJsonString(Options) + "\n";

    /// <exception cref="InvalidDataException">The file holds no JSON object; the message names file and place.</exception>
    public static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: Strict) as JsonObject ?? throw new InvalidDataException($"{path}: found no JSON object, expected one.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: not valid JSON: {e.Message}", e);
        }
    }
}
