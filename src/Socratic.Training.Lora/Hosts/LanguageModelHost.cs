using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Training.Layers;

namespace Socratic.Training.Lora.Hosts;

/// <summary>A language model loaded from a Hugging Face folder.</summary>
internal sealed class LanguageModelHost(CausalLanguageModel model) : AdapterHost(model)
{
    /// <inheritdoc/>
    public override string? BaseModel => model.Config.NameOrPath;

    /// <inheritdoc/>
    public override string? ModelType => model.Config.ModelType;

    /// <inheritdoc/>
    public override JsonNode? AutoMapping
    {
        get
        {
            var type = model.Config.ModelType;
            var package = type.EndsWith("_text", StringComparison.Ordinal) ? type[..^5] : type;
            return Architecture() is { } name ? new JsonObject { ["base_model_class"] = name, ["parent_library"] = $"transformers.models.{package}.modeling_{package}" } : null;
        }
    }

    /// <inheritdoc/>
    public override LinearLayer Linear(string path) => model.LinearLayers.First(l => l.Path == path).Layer;

    /// <inheritdoc/>
    public override string? WhyNotReplaceable(string path) => null;

    /// <inheritdoc/>
    public override void Replace(string path, LinearLayer layer) => model.ReplaceLinear(path, layer);

    /// <inheritdoc/>
    protected override bool IsOutputEmbedding(string path) => model.LinearLayers.Any(l => l.IsOutputEmbedding && l.Path == path);

    private string? Architecture()
    {
        var file = Path.Combine(model.Config.NameOrPath, "config.json");
        if (!File.Exists(file)) return null;
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return json.RootElement.TryGetProperty("architectures", out var names) && names.ValueKind == JsonValueKind.Array && names.GetArrayLength() > 0 ? names[0].GetString() : null;
    }
}
