using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Files;

/// <summary>Options out of the <c>bnb_config</c> section of a training_config.json.</summary>
internal static class ConfigurationSectionReader
{
    private static readonly string[] Known = ["load_in_4bit", "bnb_4bit_use_double_quant", "bnb_4bit_quant_type", "bnb_4bit_compute_dtype", "blocksize", "llm_int8_skip_modules", QuantizationNames.NormsInFloat32];

    /// <exception cref="InvalidDataException">A value is wrong.</exception>
    public static QuantizationOptions? Read(JsonObject section)
    {
        if (section.Select(m => m.Key).FirstOrDefault(k => !Known.Contains(k)) is { } unknown) throw Wrong(unknown, "an unknown key", string.Join(", ", Known));
        if (!Value(section, "load_in_4bit", true, "true or false")) return null;
        var usual = new QuantizationOptions();
        var type = Value(section, "bnb_4bit_quant_type", QuantizationNames.Of(usual.Type), "nf4 or fp4");
        var options = new QuantizationOptions
        {
            DoubleQuantization = Value(section, "bnb_4bit_use_double_quant", usual.DoubleQuantization, "true or false"),
            Type = QuantizationNames.Type(type) ?? throw Wrong("bnb_4bit_quant_type", type, "nf4 or fp4"),
            ComputeDtype = Compute(section),
            BlockSize = Value(section, "blocksize", usual.BlockSize, "a power of two from 32 to 4096"),
            SkipModules = Names(section),
            NormsInFloat32 = Value(section, QuantizationNames.NormsInFloat32, usual.NormsInFloat32, "true or false"),
        };
        return options.Validate() is [var problem, ..] ? throw new InvalidDataException($"{QuantizationOptions.ConfigurationSection}: {problem}") : options;
    }

    private static QuantizedComputeDtype Compute(JsonObject section)
    {
        if (section["bnb_4bit_compute_dtype"] is null) return QuantizedComputeDtype.Auto;
        var name = Value(section, "bnb_4bit_compute_dtype", "", "a dtype");
        return QuantizationNames.Dtype(name) switch
        {
            ScalarType.Float32 => QuantizedComputeDtype.Float32,
            ScalarType.BFloat16 => QuantizedComputeDtype.BFloat16,
            ScalarType.Float16 => QuantizedComputeDtype.Float16,
            _ => throw Wrong("bnb_4bit_compute_dtype", name, "float32, bfloat16 or float16"),
        };
    }

    private static IReadOnlyList<string> Names(JsonObject section) => section["llm_int8_skip_modules"] switch
    {
        null => [],
        JsonArray list when list.All(n => n is JsonValue v && v.TryGetValue<string>(out _)) => [.. list.Select(n => n!.GetValue<string>())],
        var other => throw Wrong("llm_int8_skip_modules", other.ToJsonString(), "a list of names"),
    };

    private static T Value<T>(JsonObject section, string key, T otherwise, string expected) => section[key] switch
    {
        null => otherwise,
        JsonValue value when value.TryGetValue<T>(out var read) => read,
        var other => throw Wrong(key, other.ToJsonString(), expected),
    };

    private static InvalidDataException Wrong(string key, string found, string expected) => new($"{QuantizationOptions.ConfigurationSection}.{key}: found {found}, expected {expected}.");
}
