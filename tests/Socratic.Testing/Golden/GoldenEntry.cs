using System.Text.Json;

namespace Socratic.Testing.Golden;

/// <summary>One case of an index, as a theory's argument: shown and serialized by its place and name only.</summary>
public sealed class GoldenEntry(string area, JsonElement json)
{
    public string Area { get; } = area;

    public JsonElement Json { get; } = json;

    public string Name { get; } = json.TryGetProperty("name", out var name) ? name.GetString()! : "";

    public string Kind { get; } = json.TryGetProperty("kind", out var kind) ? kind.GetString()! : "";

    /// <summary>A string property of the case, such as <c>path</c> or <c>folder</c>.</summary>
    public string this[string property] => Json.GetProperty(property).GetString()!;

    public override string ToString() => Kind.Length == 0 ? Name : $"{Kind}/{Name}";
}
