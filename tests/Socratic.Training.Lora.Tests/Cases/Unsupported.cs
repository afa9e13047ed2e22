using System.Text.Json;

namespace Socratic.Training.Lora.Tests.Cases;

/// <summary>Which cases need 4-bit layers, found in their data: Lora does not know them, the tests of Quantization have these cases.</summary>
internal static class Unsupported
{
    public static void Skip(GoldenCase golden)
    {
        var feature = FeatureOf(golden.Arguments);
        Assert.SkipWhen(feature is not null, $"{feature} needs 4-bit layers: the tests of Quantization have the case");
    }

    public static string? FeatureOf(JsonElement arguments)
    {
        string? Text(string key) => arguments.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (Text("init_lora_weights") is "loftq" and { } init) return $"init_lora_weights {init}";
        return null;
    }
}
