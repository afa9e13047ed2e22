using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Files;

/// <summary>The <c>quantization_config</c> of config.json. It tells little that the weights' own states do not: they are what counts.</summary>
internal static class BitsAndBytesConfig
{
    public const string Key = "quantization_config";

    /// <exception cref="ModelLoadException">The checkpoint is quantized in another way.</exception>
    /// <param name="config">The section.</param>
    /// <param name="file">Its file, for messages.</param>
    public static void Check(JsonObject config, string file)
    {
        var method = Text(config, "quant_method");
        if (method is not ("bitsandbytes" or null)) throw Wrong(file, "quant_method", method, "bitsandbytes");
        if (Flag(config, "load_in_8bit") || Flag(config, "_load_in_8bit")) throw Wrong(file, "load_in_8bit", "true", "false: 8-bit weights are not supported, 4-bit ones are");
        if (!Flag(config, "load_in_4bit") && !Flag(config, "_load_in_4bit")) throw Wrong(file, "load_in_4bit", "not true", "true");
        if (Text(config, "bnb_4bit_quant_type") is { } type && QuantizationNames.Type(type) is null) throw Wrong(file, "bnb_4bit_quant_type", type, "nf4 or fp4");
        if (Text(config, "bnb_4bit_quant_storage") is { } storage && storage.Replace("torch.", "", StringComparison.Ordinal) != "uint8")
            throw Wrong(file, "bnb_4bit_quant_storage", storage, "uint8");
    }

    /// <summary>What transformers writes for a model that was quantized so.</summary>
    public static JsonObject Write(QuantizationOptions options, ScalarType compute) => new()
    {
        ["_load_in_4bit"] = true,
        ["_load_in_8bit"] = false,
        ["bnb_4bit_compute_dtype"] = QuantizationNames.Of(compute),
        ["bnb_4bit_quant_storage"] = "uint8",
        ["bnb_4bit_quant_type"] = QuantizationNames.Of(options.Type),
        ["bnb_4bit_use_double_quant"] = options.DoubleQuantization,
        ["llm_int8_enable_fp32_cpu_offload"] = false,
        ["llm_int8_has_fp16_weight"] = false,
        // Without a list the head alone is skipped; with one it has to be named.
        ["llm_int8_skip_modules"] = options.SkipModules.Count == 0 ? null : new JsonArray([.. options.SkipModules.Append("lm_head").Distinct().Select(m => JsonValue.Create(m))]),
        ["llm_int8_threshold"] = JsonNode.Parse("6.0"), // transformers refuses a whole number here
        ["load_in_4bit"] = true,
        ["load_in_8bit"] = false,
        ["quant_method"] = "bitsandbytes",
    };

    private static string? Text(JsonObject config, string key) => config[key] is JsonValue value ? value.TryGetValue<string>(out var text) ? text : value.ToJsonString() : null;

    private static bool Flag(JsonObject config, string key) => config[key] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static ModelLoadException Wrong(string file, string key, string found, string expected) => new($"{file}: {Key}.{key} is {found}, expected {expected}.");
}
