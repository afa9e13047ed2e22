using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Socratic.Training.Files;

/// <summary>Says what a setting may hold, in the words of the file.</summary>
internal static class ValueKind
{
    /// <summary>What was found and what was expected; null where the error is another than a value of the wrong kind.</summary>
    public static string? Explain(JsonException error, JsonNode node, JsonTypeInfo type)
    {
        if (error.Path?.Split('.') is not ["$", var key] || node is not JsonObject keys || !keys.TryGetPropertyValue(key, out var found)) return null;
        var property = type.Properties.FirstOrDefault(p => p.Name == key);
        var valueType = property is null ? type.ElementType : property.CustomConverter is null ? property.PropertyType : null;
        return valueType is not null && Of(valueType, type.Options) is { } expected
            ? $"'{key}' holds {found?.ToJsonString(SettingsJson.Options) ?? "null"}, expected {expected}."
            : null;
    }

    private static string? Of(Type type, JsonSerializerOptions options) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        { IsEnum: true } names => $"one of {string.Join(", ", Enum.GetValues(names).Cast<object>().Select(v => JsonSerializer.SerializeToNode(v, names, options)))}",
        var flag when flag == typeof(bool) => "true or false",
        var text when text == typeof(string) => "a text",
        var number when number == typeof(double) => "a number",
        { IsPrimitive: true } => "a whole number",
        _ => null,
    };
}
