using System.Security.Cryptography;
using System.Text.Json;
using Socratic.Testing.Golden;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Files;

[Trait("Kind", "Golden")]
public sealed class ErrorsGoldenTests
{
    [Theory(SkipTestWithoutData = true), PeftList("errors")]
    public void A_broken_adapter_is_refused_with_a_message_that_helps(GoldenEntry entry) => GoldenReport.Run(Peft.Area, "errors", () =>
    {
        Assert.SkipWhen(entry.Json.GetProperty("path").ValueKind == JsonValueKind.Null, "a call, not a file: see the tests of several adapters");
        Skip(entry);
        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(Peft.File(entry["base"]));
        model.eval();
        var folder = Peft.File(entry["path"]);
        var before = State(model);
        var files = Hashes(folder);
        var message = "";
        switch (entry["verdict"])
        {
            case "error":
                var e = Assert.ThrowsAny<Exception>(() => model.LoadAdapter(folder));
                Assert.True(e is IOException or InvalidDataException, e.ToString());
                message = e.Message;
                Assert.Equal(before, State(model));
                Assert.Empty(model.Artifacts);
                break;
            case "warn":
                message = string.Join("\n", model.LoadAdapter(folder).Warnings);
                break;
            default:
                Assert.Empty(model.LoadAdapter(folder).Warnings);
                break;
        }
        foreach (var part in entry.Json.GetProperty("message_must_contain").EnumerateArray().Select(p => p.GetString()!))
            Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Equal(files, Hashes(folder));
    });

    private static void Skip(GoldenEntry entry)
    {
        Assert.SkipWhen(entry["what"].StartsWith("Merging lora_bias", StringComparison.Ordinal), "not supported yet: merge");
        var file = Peft.File(entry["path"], "adapter_config.json");
        if (entry.Name.StartsWith("config_", StringComparison.Ordinal) || !File.Exists(file)) return;
        var feature = Cases.Unsupported.FeatureOf(GoldenRoot.Json(file));
        Assert.SkipWhen(feature is not null, $"not supported yet: {feature}");
    }

    /// <summary>Every module, parameter and whether it is trained, and the logits: what a failed load must leave alone.</summary>
    private static List<string> State(CausalLanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var none = no_grad();
        var logits = model.Forward(arange(4).reshape(1, 4)).cpu().contiguous();
        return [.. model.named_parameters().Select(p => $"{p.name} {p.parameter.requires_grad} {p.parameter.Handle}"), .. model.named_modules().Select(m => m.name + m.module.GetType()),
            Convert.ToHexString(SHA256.HashData(logits.bytes))];
    }

    private static Dictionary<string, string> Hashes(string folder)
        => Directory.GetFiles(folder).ToDictionary(f => Path.GetFileName(f), f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))));
}
