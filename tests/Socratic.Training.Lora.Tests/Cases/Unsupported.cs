using System.Text.Json;

namespace Socratic.Training.Lora.Tests.Cases;

/// <summary>Which feature a case needs that there is not yet, found in its data, so that a case that is skipped says why.</summary>
internal static class Unsupported
{
    public static void Skip(GoldenCase golden)
    {
        var feature = FeatureOf(golden.Arguments);
        Assert.SkipWhen(feature is not null, $"not supported yet: {feature}");
    }

    public static string? FeatureOf(JsonElement arguments)
    {
        bool Is(string key) => arguments.TryGetProperty(key, out var value) && value.ValueKind is not (JsonValueKind.False or JsonValueKind.Null);
        string? Text(string key) => arguments.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        string[] List(string key) => arguments.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.String
            ? [.. value.EnumerateArray().Select(v => v.GetString()!)] : [];
        if (Text("bias") is "all" or "lora_only") return "bias";
        if (Is("modules_to_save")) return "modules_to_save";
        if (Is("trainable_token_indices")) return "trainable_token_indices";
        if (List("target_modules").Contains("embed_tokens")) return "embedding adapters";
        if (Text("init_lora_weights") is { } init and not "gaussian") return $"init_lora_weights {init}";
        return null;
    }
}
