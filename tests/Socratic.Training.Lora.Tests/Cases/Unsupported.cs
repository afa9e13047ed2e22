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
        string? Text(string key) => arguments.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (Text("init_lora_weights") is "loftq" and { } init) return $"init_lora_weights {init}";
        return null;
    }
}
