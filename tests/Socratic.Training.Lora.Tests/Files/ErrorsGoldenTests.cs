using System.Security.Cryptography;
using Socratic.Testing.Golden;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Files;

[Trait("Kind", "Golden")]
public sealed class ErrorsGoldenTests
{
    [Theory(SkipTestWithoutData = true), PeftList("errors")]
    public void A_broken_adapter_is_refused_with_a_message_that_helps(GoldenEntry entry) => GoldenReport.Run(Peft.Area, "errors", () =>
    {
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
                var merges = entry["what"].StartsWith("Merging lora_bias", StringComparison.Ordinal);
                if (merges)
                {
                    model.LoadAdapter(folder);
                    before = State(model);
                }
                var e = Assert.ThrowsAny<Exception>(() => merges ? model.Lora().Merge() : model.LoadAdapter(folder) is null);
                Assert.True(merges ? e is InvalidOperationException : e is IOException or InvalidDataException, e.ToString());
                message = e.Message;
                Assert.Equal(before, State(model));
                Assert.Equal(merges, model.Artifacts.Count > 0);
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

    [Theory(SkipTestWithoutData = true), PeftList("errors", Calls = true)]
    public void A_wrong_call_is_refused(GoldenEntry entry) => GoldenReport.Run(Peft.Area, "errors", () =>
    {
        // A call has no data: its name says what it is.
        Assert.SkipUnless(Calls.TryGetValue(entry.Name, out var call), $"no call is known by the name {entry.Name}");
        using var scope = NewDisposeScope();
        var loaded = GoldenRoot.Cases(Peft.Area).First(c => c["base"].EndsWith(NeedsBias(entry) ? "qwen2" : "llama", StringComparison.Ordinal));
        using var model = CausalLanguageModel.Load(Peft.File(loaded["base"]));
        model.eval();
        model.AddLora(Small);
        model.AddLora(Small, "second");
        var before = State(model);
        if (entry["verdict"] == "warn")
        {
            Assert.False(call!(model));
            return;
        }
        var e = Assert.ThrowsAny<Exception>(() => call!(model));
        Assert.True(e is ArgumentException or InvalidOperationException, e.ToString());
        model.Lora().Unmerge();
        Assert.Equal(before, State(model));
    });

    private static readonly LoraOptions Small = new() { Rank = 2, TargetModules = ["q_proj"], Initialization = LoraInitialization.Random };

    private static readonly Dictionary<string, Func<CausalLanguageModel, bool>> Calls = new()
    {
        ["set_unknown_adapter"] = m => Did(() => m.Lora().SetActive("nobody")),
        ["add_adapter_twice"] = m => Did(() => m.AddLora(Small, "second")),
        ["weighted_linear_ranks"] = m => Did(() =>
        {
            m.AddLora(Small with { Rank = 4 }, "third");
            try
            {
                m.Lora().AddWeighted("mix", new Dictionary<string, double> { ["default"] = 1, ["third"] = 1 }, CombinationKind.Linear);
            }
            finally
            {
                m.Lora().Delete("third");
            }
        }),
        ["weighted_unknown_adapter"] = m => Did(() => m.Lora().AddWeighted("mix", new Dictionary<string, double> { ["default"] = 1, ["nobody"] = 1 }, CombinationKind.Linear)),
        ["weighted_unknown_kind"] = m => Did(() => m.Lora().AddWeighted("mix", new Dictionary<string, double> { ["default"] = 1, ["second"] = 1 }, (CombinationKind)99)),
        ["weighted_name_in_use"] = m => Did(() => m.Lora().AddWeighted("second", new Dictionary<string, double> { ["default"] = 1, ["second"] = 1 }, CombinationKind.Linear)),
        ["two_adapters_with_bias"] = m => Did(() =>
        {
            m.AddLora(Small with { Bias = LoraBias.All }, "third");
            try
            {
                m.AddLora(Small with { Bias = LoraBias.All }, "fourth");
            }
            finally
            {
                m.Lora().Delete("third");
            }
        }),
        ["merge_twice"] = m => m.Lora().Merge() && m.Lora().Merge(),
        ["delete_merged_adapter"] = m => Did(() =>
        {
            m.Lora().Merge();
            m.Lora().Delete("default");
        }),
    };

    private static bool NeedsBias(GoldenEntry entry) => entry.Name.Contains("bias", StringComparison.Ordinal);

    private static bool Did(Action action)
    {
        action();
        return true;
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
