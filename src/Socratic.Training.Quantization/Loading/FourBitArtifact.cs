using System.Text.Json.Nodes;
using Socratic.Training.Models;
using Socratic.Training.Quantization.Files;
using Socratic.Training.Quantization.Layers;

namespace Socratic.Training.Quantization.Loading;

/// <summary>What 4-bit weights add to a model's files: a section of training_config.json and of config.json. The weights themselves are the model's.</summary>
internal sealed class FourBitArtifact(CausalLanguageModel model, QuantizationOptions options) : IModelArtifact
{
    /// <inheritdoc/>
    public string ConfigurationSection => QuantizationOptions.ConfigurationSection;

    /// <inheritdoc/>
    public bool ReplacesWeights => false;

    private QuantizedLinear? First => model.modules().OfType<QuantizedLinear>().FirstOrDefault();

    /// <inheritdoc/>
    public JsonObject DescribeConfiguration()
    {
        if (First is not { } layer) return [];
        var section = new JsonObject
        {
            ["load_in_4bit"] = true,
            ["bnb_4bit_use_double_quant"] = layer.Weight.Nested is not null,
            ["bnb_4bit_quant_type"] = QuantizationNames.Of(layer.Weight.Type),
            ["bnb_4bit_compute_dtype"] = QuantizationNames.Of(layer.ComputeType),
            // Always, for a host may have another default.
            [QuantizationNames.NormsInFloat32] = options.NormsInFloat32,
        };
        // bitsandbytes has no names for these: they stand there only where they are not what it would do.
        if (layer.Weight.BlockSize != new QuantizationOptions().BlockSize) section["blocksize"] = layer.Weight.BlockSize;
        if (options.SkipModules.Count > 0) section["llm_int8_skip_modules"] = new JsonArray([.. options.SkipModules.Select(m => JsonValue.Create(m))]);
        return section;
    }

    /// <inheritdoc/>
    public void AmendConfiguration(JsonObject config)
    {
        if (First is not { } layer) config.Remove(BitsAndBytesConfig.Key);
        else if (!config.ContainsKey(BitsAndBytesConfig.Key)) config[BitsAndBytesConfig.Key] = BitsAndBytesConfig.Write(options, layer.ComputeType);
    }

    /// <inheritdoc/>
    public void Save(string directory)
    {
    }

    /// <inheritdoc/>
    public void Load(string directory)
    {
    }
}
