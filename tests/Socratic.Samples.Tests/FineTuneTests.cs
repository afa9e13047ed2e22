using System.Text.Json.Nodes;
using Socratic.Testing.Golden;

namespace Socratic.Samples.Tests;

/// <summary>samples/FineTune as a person runs it, with the quickstart's model and few updates.</summary>
public sealed class FineTuneTests
{
    private static readonly string[] Short = ["--steps", "4", "--eval-steps", "2", "--save-steps", "2", "--accumulation", "2", "--max-eval-rows", "8", "--learning-rate", "0.003", "--max-length", "96"];

    [Fact]
    public void ItTrainsGoesOnFromWhereItWasKilledAndIsRepeatedFromItsOwnFile()
    {
        using var folder = Ready();
        var whole = Host.FineTune(folder.Path, Arguments("--output", "whole"));
        Assert.True(whole.ExitCode == 0, whole.Error + whole.Output);
        foreach (var said in new[] { "LoRA of rank 16 on q_proj, k_proj, v_proj, o_proj", "  before  ", "  after   ", "Adapter read back from disk: its logits are within 0 of", "peak memory ", "convert_lora_to_gguf.py", "vllm serve", "PeftModel.from_pretrained" })
            Assert.Contains(said, whole.Output, StringComparison.Ordinal);

        Assert.Equal("model", GoldenRoot.Json(Path.Combine(folder.Path, "whole", "adapter_config.json")).GetProperty("base_model_name_or_path").GetString());
        Assert.DoesNotContain("base_model:", File.ReadAllText(Path.Combine(folder.Path, "whole", "README.md")), StringComparison.Ordinal);

        Assert.NotNull(Host.KillFineTuneAt(folder.Path, "checkpoint-2", Arguments("--output", "killed")));
        var resumed = Host.FineTune(folder.Path, Arguments("--output", "killed"));
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Contains("Going on from checkpoint-2: update 2 of 4.", resumed.Output, StringComparison.Ordinal);
        Same("whole", "killed");

        // Neither model nor data nor any setting is named: the file has them all.
        var repeated = Host.FineTune(folder.Path, ["--config", "whole", "--output", "again"]);
        Assert.True(repeated.ExitCode == 0, repeated.Error);
        Same("whole", "again");

        var before = Host.Hash(Path.Combine(folder.Path, "whole"));
        var second = Host.FineTune(folder.Path, ["--config", "whole/training_config.json", "--chat"], "友情とは何ですか。", "旅に出たいと思っています。", "", "これは聞かれない。");
        Assert.True(second.ExitCode == 0, second.Error);
        Assert.Contains("is complete", second.Output, StringComparison.Ordinal);
        Assert.Matches("> 友情とは何ですか。\n.+\n> 旅に出たいと思っています。\n.+\n$", second.Output.ReplaceLineEndings("\n"));
        Assert.Equal(before, Host.Hash(Path.Combine(folder.Path, "whole")));

        var refused = Host.FineTune(folder.Path, ["--config", "whole", "--existing", "fail", "--steps", "6"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("ExistingRun is Fail", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, Host.Hash(Path.Combine(folder.Path, "whole")));

        void Same(string a, string b)
        {
            foreach (var file in new[] { "adapter_model.safetensors", "adapter_config.json", "README.md" })
                Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Path, a, file)), File.ReadAllBytes(Path.Combine(folder.Path, b, file)));
        }
    }

    [Fact]
    public void WhatComesLaterWins()
    {
        using var folder = Ready();
        folder.Write("app.json", """{ "training_args": { "seed": 1, "weight_decay": 0.1, "warmup_ratio": 0.1 }, "lora_config": { "r": 2 } }""");
        folder.Write("run.json", """{ "training_args": { "seed": 2 }, "lora_config": { "r": 3, "lora_alpha": 6 } }""");
        var ended = Host.FineTune(folder.Path, Arguments(
            "--appsettings", "app.json", "--config", "run.json", "--rank", "4", "--warmup-steps", "1", "--targets", "q_proj", "v_proj", "--pack-length", "128", "--gradient-checkpointing",
            "--set", "training_args.adam_beta2=0.98", "--model-id", "someone/a-model", "--questions", "勇気とは何ですか。", "--bf16", "true", "--output", "5"));
        Assert.True(ended.ExitCode == 0, ended.Error);
        var run = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "5", "training_config.json")))!;
        var (training, lora) = (run["training_args"]!, run["lora_config"]!);
        Assert.Equal("2 0.1  1 0.98 true true", $"{training["seed"]} {training["weight_decay"]} {training["warmup_ratio"]} {training["warmup_steps"]} {training["adam_beta2"]} {training["activation_checkpointing"]} {training["bf16"]}");
        Assert.Equal("""4 6 ["q_proj","v_proj"]""", $"{lora["r"]} {lora["lora_alpha"]} {lora["target_modules"]!.ToJsonString()}");
        Assert.Equal("128", run["data_args"]!["pack_length"]!.ToString());
        Assert.Contains("勇気とは何ですか。", ended.Output, StringComparison.Ordinal);

        // Files that travel name the model as it was given: no path of this machine that nobody typed.
        Assert.Equal("model", run["model_name"]!.ToString());
        Assert.Equal("someone/a-model", GoldenRoot.Json(Path.Combine(folder.Path, "5", "adapter_config.json")).GetProperty("base_model_name_or_path").GetString());
        Assert.Contains("base_model: someone/a-model", File.ReadAllText(Path.Combine(folder.Path, "5", "README.md")), StringComparison.Ordinal);

        var repeated = Host.FineTune(folder.Path, ["--config", "5", "--output", "6"]);
        Assert.True(repeated.ExitCode == 0, repeated.Error);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Path, "5", "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(folder.Path, "6", "adapter_model.safetensors")));
    }

    [Fact]
    public void UnknownKeysAndWrongValuesAreNamedAllAtOnceBeforeAModelIsLoaded() => Refuses(
        f =>
        {
            f.Write("app.json", """{ "training_args": { "lerning_rate": 1, "seed": "many" }, "lora": {}, "data_args": 3, "lora_config": { "r": 0, "Dropout": 0.1 } }""");
            return ["--model", "nowhere", "--data", "nothing.json", "--appsettings", "app.json", "--batch-size", "-1", "--loss-on", "nothing", "--train-share", "2", "--set", "fine_tune.dta=x", "--dtype", "fp8"];
        },
        "app.json: there is no setting 'training_args.lerning_rate'; did you mean 'training_args.learning_rate'?",
        "app.json: 'training_args': 'seed' holds \"many\", expected a whole number.",
        "app.json: there is no setting 'lora'; did you mean 'lora_config'?",
        "app.json: 'data_args' holds 3, expected an object.",
        "did you mean 'lora_config.lora_dropout'?",
        "The command line: there is no setting 'fine_tune.dta'; did you mean 'fine_tune.data'?",
        "'loss_on' holds \"nothing\", expected one of model_turns, last_model_turn, all_tokens.",
        "TrainBatchSize is -1: it must be at least 1.",
        "TrainShare is 2: it must lie between 0 and 1.",
        "Dtype is fp8",
        "r is 0");

    [Fact]
    public void EveryOptionSetsAKeyThatExists()
    {
        using var folder = new TestFolder();
        var help = Host.FineTune(folder.Path, ["--help"]).Output;
        var options = System.Text.RegularExpressions.Regex.Matches(help, "(?m)^  (--[a-z0-9-]+) <(?!file|key|type)").Select(m => m.Groups[1].Value).Where(o => o != "--config").ToArray();
        Assert.True(options.Length > 30, help);
        var ended = Host.FineTune(folder.Path, [.. options.SelectMany(o => new[] { o, "nothing" }), "--set", "seed=1"]);
        Assert.Equal(1, ended.ExitCode);
        Assert.Equal(1, ended.Error.Split("there is no setting").Length - 1);
    }

    [Fact]
    public void AModelAndDataMustBeGiven() => Refuses(_ => [], "Model is missing: give --model", "Data is missing: give --data");

    [Fact]
    public void AConfigThatDoesNotExist() => Refuses(_ => Arguments("--config", "nothing.json"), "nothing.json");

    [Fact]
    public void AppSettingsThatDoNotExist() => Refuses(_ => Arguments("--appsettings", "nothing.json"), "nothing.json");

    [Fact]
    public void AConfigThatIsNoJson() => Refuses(f => Arguments("--config", f.Write("broken.json", "{ \"training_args\": ")), "broken.json: not valid JSON");

    [Fact]
    public void AnAssignmentWithoutAValue() => Refuses(_ => Arguments("--set", "seed"), "--set seed: expected key=value");

    [Fact]
    public void FourBitsTrainAndAreRepeatedWhateverAppSettingsSays()
    {
        using var folder = Ready();
        var first = Host.FineTune(folder.Path, Arguments("--quantize", "nf4", "--optimizer", "adamw_bnb_8bit", "--output", "a"));
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains(", over NF4 weights", first.Output, StringComparison.Ordinal);
        Assert.Contains("Adapter read back from disk: its logits are within 0 of", first.Output, StringComparison.Ordinal);
        var section = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "a", "training_config.json")))!["bnb_config"]!;
        Assert.Equal("true nf4 true", $"{section["load_in_4bit"]} {section["bnb_4bit_quant_type"]} {section["norms_in_float32"]}");
        Assert.Equal("adamw_bnb_8bit", JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "a", "training_config.json")))!["training_args"]!["optim"]!.ToString());

        folder.Write("app.json", """{ "bnb_config": { "load_in_4bit": false }, "lora_config": { "use_dora": true } }""");
        var repeated = Host.FineTune(folder.Path, ["--appsettings", "app.json", "--config", "a", "--output", "b"]);
        Assert.True(repeated.ExitCode == 0, repeated.Error);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Path, "a", "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(folder.Path, "b", "adapter_model.safetensors")));
    }

    [Fact]
    public void ADryRunLeavesNothing()
    {
        using var folder = Ready();
        var before = Host.Hash(folder.Path);
        var tried = Host.FineTune(folder.Path, Arguments("--output", "out", "--dry-run", "--chat"));
        Assert.True(tried.ExitCode == 0, tried.Error);
        Assert.Contains("Dry run: 2 updates of the longest rows", tried.Output, StringComparison.Ordinal);
        Assert.Equal(before, Host.Hash(folder.Path));
    }

    [Fact]
    public void InspectShowsARowUnderTheSettings()
    {
        using var folder = new TestFolder();
        var shown = Host.FineTune(folder.Path, ["inspect", "3", "--model", Host.Model, "--data", Host.Dialogues, "--max-length", "16", "--overlength", "cut"]);
        Assert.True(shown.ExitCode == 0, shown.Error);
        Assert.Contains("row 3: 35 tokens, 1 trained, 19 cut", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void TheReadmesTableNamesOptionsThatExist()
    {
        using var folder = new TestFolder();
        var help = Host.FineTune(folder.Path, ["--help"]).Output;
        var readme = File.ReadAllText(Path.Combine(Testing.RepositoryRoot.Path, "README.md"));
        var options = System.Text.RegularExpressions.Regex.Matches(readme[readme.IndexOf("## Fine-tune your own model", StringComparison.Ordinal)..readme.IndexOf("## The program you write", StringComparison.Ordinal)], "--[a-z][a-z0-9-]+")
            .Select(m => m.Value).Where(o => o != "--project").Distinct().ToArray();
        Assert.True(options.Length > 20);
        Assert.All(options, option => Assert.Contains(option, help, StringComparison.Ordinal));
    }

    /// <summary>A folder with a model and dialogues, which the arguments name as a person does: from here.</summary>
    private static TestFolder Ready()
    {
        var folder = new TestFolder();
        folder.Copy(Host.Model, "model");
        File.Copy(Host.Dialogues, Path.Combine(folder.Path, "dialogues.json"));
        return folder;
    }

    private static string[] Arguments(params string[] more) => ["--model", "model", "--data", "dialogues.json", .. Short, .. more];

    private static void Refuses(Func<TestFolder, string[]> arrange, params string[] named)
    {
        using var folder = new TestFolder();
        var arguments = arrange(folder);
        var before = Host.Hash(folder.Path);
        var ended = Host.FineTune(folder.Path, arguments);
        Assert.Equal(1, ended.ExitCode);
        Assert.All(named, name => Assert.Contains(name, ended.Error, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", ended.Output + ended.Error, StringComparison.Ordinal);
        Assert.Equal(before, Host.Hash(folder.Path));
    }
}
