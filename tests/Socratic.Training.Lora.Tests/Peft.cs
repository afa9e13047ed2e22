using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Testing.Golden;
using Socratic.Training.Lora.Config;

namespace Socratic.Training.Lora.Tests;

/// <summary>What the tests over golden/peft share.</summary>
internal static class Peft
{
    public const string Area = "peft";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string File(params string[] parts) => GoldenRoot.File(Area, parts);

    /// <summary>The file or folder of one of the areas besides the cases; the test is skipped if the golden folder does not hold it.</summary>
    public static string Other(string name)
    {
        Assert.SkipUnless(GoldenRoot.Has(Area), "golden/peft is not there");
        var others = GoldenRoot.Index(Area).GetProperty("others");
        Assert.SkipUnless(others.TryGetProperty(name, out var path), $"this golden folder has no {name}");
        return File(path.GetString()!);
    }

    /// <summary>The arguments of a LoraConfig as a configuration that a file could hold.</summary>
    public static AdapterConfig FromArguments(JsonElement arguments)
    {
        var json = JsonNode.Parse(arguments.GetRawText())!.AsObject();
        json["peft_type"] = "LORA";
        return AdapterConfig.Parse(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()), "arguments");
    }

    /// <summary>The text of a configuration with the names of target_modules, a set in PEFT, in order, and single values of <paramref name="lists"/> as lists of one.</summary>
    public static string InOrder(byte[] json, params string[] lists)
    {
        var o = JsonNode.Parse(json)!.AsObject();
        if (o["target_modules"] is JsonArray targets)
            o["target_modules"] = new JsonArray([.. targets.Select(t => t!.GetValue<string>()).Order(StringComparer.Ordinal).Select(t => JsonValue.Create(t))]);
        foreach (var key in lists.Where(k => o[k] is JsonValue)) o[key] = new JsonArray(o[key]!.DeepClone());
        return o.ToJsonString(Indented);
    }
}
