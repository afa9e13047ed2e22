using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Lora.Tests.Cases;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.RoundTrip;

/// <summary>Adapters written here, in PEFT. (PEFT's adapters here are what the golden cases are.)</summary>
public sealed class PeftRoundTripTests(ITestOutputHelper output)
{
    // One process for all cases: importing torch and transformers takes longer than any of them.
    private const string Driver = """
        import json, runpy, sys
        for line in sys.stdin:
            name, arguments = json.loads(line)
            sys.argv = [SCRIPT] + arguments
            print("CASE " + name, flush=True)
            try:
                runpy.run_path(SCRIPT, run_name="__main__")
            except SystemExit as e:
                print("EXIT", 0 if not e.code else 1, flush=True)
        """;

    [Fact]
    public void An_adapter_written_here_gives_the_same_logits_in_PEFT()
    {
        var script = Peers.Script();
        Assert.SkipUnless(GoldenRoot.Has(Peft.Area), "golden/peft is not there");
        using var folder = new TemporaryFolder();
        var lines = new List<string>();
        foreach (var entry in GoldenRoot.Cases(Peft.Area))
        {
            using var scope = NewDisposeScope();
            using var golden = new GoldenCase(entry);
            if (Unsupported.FeatureOf(golden.Arguments) is null) lines.Add(JsonSerializer.Serialize(new object[] { entry.Name, Write(golden, folder.File(entry.Name)) }));
        }
        var said = Peers.Run($"SCRIPT = {JsonSerializer.Serialize(script)}\n{Driver}", string.Join('\n', lines));
        output.WriteLine(string.Join("; ", said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Replace("CASE ", "\n", StringComparison.Ordinal));
        Assert.Equal(lines.Count, said.Split('\n').Count(l => l == "EXIT 0"));
        Assert.DoesNotContain("EXIT 1", said, StringComparison.Ordinal);
    }

    /// <summary>Trains nothing, but gives every parameter a value that matters, and writes the adapter and what it computes.</summary>
    private static string[] Write(GoldenCase golden, string folder)
    {
        manual_seed(11);
        using var model = golden.LoadBase();
        var adapter = model.AddLora(Peft.FromArguments(golden.Arguments).Options);
        using var none = no_grad();
        foreach (var parameter in adapter.Parameters) parameter.Parameter.add_(randn_like(parameter.Parameter), 0.05);
        // What a randomized decomposition of the base gave, PEFT would draw anew: it goes over converted.
        if (adapter.Options.Initialization.FastPissaIterations is null) adapter.Save(folder);
        else adapter.SaveConverted(folder);
        var tensors = new Dictionary<string, Tensor> { ["input_ids"] = golden.Ids, ["logits"] = model.Forward(golden.Ids) };
        if (adapter.Options.Initialization.FastPissaIterations is null)
            using (model.DisableAdapter()) tensors["logits_disabled"] = model.Forward(golden.Ids);
        SafetensorsWriter.Write(Path.Combine(folder, "golden.safetensors"), tensors);
        string[] arguments = ["--base", golden.BaseFolder, "--adapter", folder, "--golden", Path.Combine(folder, "golden.safetensors"),
            "--dtype", golden.IsHalf ? "bfloat16" : "float32", "--limit", golden.IsHalf ? "0.15" : "1e-4"];
        // PEFT merges one side of a tied embedding into both, which ours does not.
        if (model.Config.TiesEmbeddings && adapter.Layers.Any(l => l.Path is "lm_head" or "model.embed_tokens")) return arguments;
        model.Lora().SaveMerged(Path.Combine(folder, "merged"));
        return [.. arguments, "--merged", Path.Combine(folder, "merged")];
    }
}
