using Socratic.Training.Models.Gemma;
using Socratic.Training.Models.Llama;
using Socratic.Training.Models.Mistral;
using Socratic.Training.Models.Qwen;

namespace Socratic.Training.Models;

/// <summary>The architectures there are.</summary>
internal static class ModelFamilies
{
    private static readonly IModelFamily[] All =
        [new Gemma2Family(), new Gemma3Family(), new LlamaFamily(), new MistralFamily(), new Qwen2Family(), new Qwen3Family()];

    /// <summary>The specification a config.json describes.</summary>
    /// <exception cref="ModelLoadException">The architecture is unknown, or the configuration is wrong or asks for something that is not supported.</exception>
    public static DecoderSpecification Read(ConfigurationReader config)
    {
        var known = string.Join(", ", All.SelectMany(f => f.ModelTypes).Order(StringComparer.Ordinal));
        var type = config.Word("model_type") ?? throw config.Bad("model_type", "missing", $"one of {known}");
        var family = Array.Find(All, f => f.ModelTypes.Contains(type)) ?? throw config.NotDone("model_type", $"\"{type}\"", known);
        return family.Read(config);
    }
}
