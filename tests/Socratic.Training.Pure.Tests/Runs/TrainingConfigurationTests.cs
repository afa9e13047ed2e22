using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using Socratic.Training.Files;
using Socratic.Training.Models;
using Socratic.Training.Runs;

namespace Socratic.Training.Pure.Tests.Runs;

public sealed class TrainingConfigurationTests
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    private static TrainingOptions Unusual => new()
    {
        OutputDirectory = "出力/👩‍🏫",
        TrainBatchSize = 2,
        EvaluationBatchSize = 4,
        GradientAccumulationSteps = 8,
        Epochs = 2.5,
        MaxSteps = 77,
        DropLastBatch = true,
        Seed = 1,
        DataSeed = 2,
        LearningRate = 8e-5,
        Schedule = LearningRateSchedule.CosineWithRestarts,
        ScheduleOptions = new ScheduleOptions { Cycles = 3, DecayShape = ScheduleShape.OneMinusSquareRoot },
        WarmupRatio = 0.25,
        WarmupSteps = 3,
        WeightDecay = 0.06,
        AdamBeta1 = 0.8,
        AdamBeta2 = 0.99,
        AdamEpsilon = 1e-6,
        MaxGradientNorm = 0.5,
        NonFinite = NonFiniteAction.SkipUpdate,
        LoggingStrategy = IntervalStrategy.Epoch,
        LoggingSteps = 0.1,
        LogFirstStep = true,
        EvaluationStrategy = IntervalStrategy.Steps,
        EvaluationSteps = 20,
        EvaluationDelay = 5,
        EvaluateOnStart = true,
        MaxEvaluationRows = 100,
        SaveStrategy = SaveStrategy.Best,
        SaveSteps = 20,
        SaveTotalLimit = 3,
        LoadBestModelAtEnd = true,
        MetricForBestModel = "combined_score",
        GreaterIsBetter = true,
        CountTokens = TokenCount.NonPadding,
        ReleaseMemoryEvery = 50,
        ExistingRun = ExistingRunPolicy.Ask,
        StyleProfile = StyleProfile.Notebook,
        GeneratedPrompts = 8,
        GeneratedTokens = 32,
        LogDialogues = true,
    };

    /// <summary>Also those that are added later: each gets some value that is not its default.</summary>
    [Fact]
    public void Every_option_is_written_and_read_back()
    {
        var (usual, changed) = (new TrainingOptions { OutputDirectory = "x" }, new TrainingOptions { OutputDirectory = "y" });
        foreach (var property in typeof(TrainingOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite))
        {
            property.SetValue(changed, Other(property, property.GetValue(usual)));
            Assert.NotEqual(property.GetValue(usual), property.GetValue(changed));
        }
        Assert.Equal(usual, Written(usual).Options);
        Assert.Equal(changed, Written(changed).Options);
        Assert.Equal(Unusual, Written(Unusual).Options);
    }

    private static object Other(PropertyInfo property, object? value) => (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) switch
    {
        { IsEnum: true } type => Enum.GetValues(type).Cast<object>().First(v => !v.Equals(value)),
        var type when type == typeof(bool) => !(bool)(value ?? false),
        var type when type == typeof(string) => $"別の{value}",
        var type when type == typeof(StyleProfile) => StyleProfile.Notebook,
        var type when type == typeof(ScheduleOptions) => new ScheduleOptions { Cycles = 3 },
        { IsPrimitive: true } type => Convert.ChangeType(7 + Convert.ToDouble(value ?? 0, CultureInfo.InvariantCulture), type, CultureInfo.InvariantCulture),
        var type => throw new NotSupportedException($"{property.Name} is a {type}: say here what another value of it is."),
    };

    [Fact]
    public void Settings_that_Hugging_Face_has_stand_under_its_names()
    {
        var arguments = TrainingArguments.Of(Unusual);
        Assert.Equal(2, (int)arguments["per_device_train_batch_size"]!);
        Assert.Equal(77, (int)arguments["max_steps"]!);
        Assert.Equal("cosine_with_restarts", (string)arguments["lr_scheduler_type"]!);
        Assert.Equal("""{"num_cycles":3,"decay_type":"1-sqrt"}""", arguments["lr_scheduler_kwargs"]!.ToJsonString());
        Assert.Equal("non_padding", (string)arguments["include_num_input_tokens_seen"]!);
        Assert.Equal("steps", (string)arguments["eval_strategy"]!);
        Assert.Equal("best", (string)arguments["save_strategy"]!);
        Assert.Equal("skip_update", (string)arguments["non_finite"]!);
        Assert.Equal("notebook", (string)arguments["style_profile"]!);
        Assert.Equal("adamw_torch_fused", (string)arguments["optim"]!);
        Assert.Equal("lion_32bit", (string)TrainingArguments.Of(Unusual with { Optimizer = OptimizerKind.Lion })["optim"]!);
        string[] theirs =
        [
            "output_dir", "per_device_eval_batch_size", "gradient_accumulation_steps", "num_train_epochs", "dataloader_drop_last", "seed", "data_seed", "learning_rate", "warmup_ratio",
            "warmup_steps", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm", "logging_strategy", "logging_steps", "logging_first_step", "eval_steps", "eval_delay",
            "eval_on_start", "save_steps", "save_total_limit", "load_best_model_at_end", "metric_for_best_model", "greater_is_better", "label_smoothing_factor",
            "neftune_noise_alpha", "activation_checkpointing", "bf16", "optim",
        ];
        Assert.All(theirs, name => Assert.True(arguments.ContainsKey(name), name));
        Assert.Equal(-1, (int)TrainingArguments.Of(new TrainingOptions { OutputDirectory = "x" })["max_steps"]!);
    }

    [Fact]
    public void The_text_is_indented_by_two_and_keeps_Japanese()
    {
        var text = SettingsJson.Text(TrainingConfiguration.Describe(Unusual with { StyleProfile = StyleProfile.SocraticJapanese with { Name = "私の" } }, "モデル", null, []));
        Assert.StartsWith("{\n  \"model_name\": \"モデル\",\n  \"training_args\": {\n    \"output_dir\": \"出力/", text, StringComparison.Ordinal);
        Assert.Contains("でしょうか", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TrainingPrecision.AsLoaded, "false")]
    [InlineData(TrainingPrecision.Mixed, "true")]
    [InlineData(TrainingPrecision.Auto, "\"auto\"")]
    public void Precision_is_what_Hugging_Face_calls_bf16(TrainingPrecision precision, string written)
    {
        var options = Unusual with { Precision = precision };
        Assert.Equal(written, TrainingArguments.Of(options)["bf16"]!.ToJsonString());
        Assert.Equal(precision, Written(options).Options.Precision);
    }

    [Fact]
    public void A_profile_of_ones_own_is_kept_whole()
    {
        var profile = new StyleProfile { Name = "pirate", QuestionEndings = ["arr"], EndingWindow = 4 };
        Assert.Equal(profile.ToJson(), Written(Unusual with { StyleProfile = profile }).Options.StyleProfile.ToJson());
    }

    [Fact]
    public void Sections_of_what_is_attached_and_the_rows_options_are_kept()
    {
        var data = new DialogueOptions { MaxLength = 99, LossOn = LossOn.LastModelTurn, Overlength = Overlength.CutAtTurn };
        var read = Written(Unusual, SettingsJson.ToObject(data), new Attached("lora_config", new JsonObject { ["r"] = 16 }), new Attached("bnb_config", []));
        Assert.Equal(data, read.Data);
        Assert.Equal("gemma", read.ModelName);
        Assert.Equal(16, (int)read.Section("lora_config")!["r"]!);
        Assert.Null(read.Section("bnb_config"));
    }

    [Fact]
    public void How_rows_were_packed_is_read_beside_their_options()
    {
        var data = SettingsJson.ToObject(new DialogueOptions { MaxLength = 99 });
        (data["packing"], data["pack_length"]) = ("best_fit_split", 1024);
        var read = Written(Unusual, data);
        Assert.Equal((99, 1024, PackingStrategy.BestFitSplit), (read.Data!.MaxLength, read.PackLength, read.Packing));
        Assert.Null(Written(Unusual, SettingsJson.ToObject(new DialogueOptions())).PackLength);
    }

    [Fact]
    public void A_host_adds_sections_of_its_own_but_none_that_is_there()
    {
        var host = new JsonObject { ["my_program"] = new JsonObject { ["data"] = "d.json" } };
        var described = TrainingConfiguration.Describe(Unusual, "gemma", null, [], host: host);
        Assert.Equal("d.json", (string)TrainingConfiguration.Parse(described, "here").Section("my_program")!["data"]!);
        Assert.Throws<ArgumentException>(() => TrainingConfiguration.Describe(Unusual, "gemma", null, [], host: new JsonObject { ["training_args"] = 1 }));
    }

    [Fact]
    public void Settings_yet_to_be_run_have_the_form_of_the_file()
    {
        var json = TrainingConfiguration.Create(Unusual, new DialogueOptions { MaxLength = 99 }, "gemma").ToJson();
        var read = TrainingConfiguration.Parse(json, "here");
        Assert.Equal((Unusual, 99, "gemma"), (read.Options, read.Data!.MaxLength, read.ModelName));
    }

    [Theory]
    [InlineData("learning_rate", "\"fast\"", "'learning_rate' holds \"fast\", expected a number.")]
    [InlineData("seed", "1.5", "'seed' holds 1.5, expected a whole number.")]
    [InlineData("eval_on_start", "1", "'eval_on_start' holds 1, expected true or false.")]
    [InlineData("save_strategy", "\"sometimes\"", "'save_strategy' holds \"sometimes\", expected one of no, steps, epoch, best.")]
    [InlineData("seed", "null", "'seed' holds null, expected a whole number.")]
    public void A_value_of_the_wrong_kind_is_told_what_was_expected(string key, string value, string told)
    {
        var settings = new JsonObject { ["training_args"] = new JsonObject { ["output_dir"] = "x", [key] = JsonNode.Parse(value) } };
        Assert.Equal($"here: 'training_args': {told}", Assert.Throws<InvalidDataException>(() => TrainingConfiguration.Parse(settings, "here")).Message);
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "found no JSON object")]
    [InlineData("{}", "'training_args' is missing")]
    [InlineData("""{ "training_args": {} }""", "output_dir")]
    [InlineData("""{ "training_args": { "output_dir": "x", "learning_rat": 1 } }""", "learning_rat")]
    [InlineData("""{ "training_args": { "output_dir": "x", "learning_rate": "fast" } }""", "learning_rate")]
    [InlineData("""{ "training_args": { "output_dir": "x", "save_strategy": "sometimes" } }""", "save_strategy")]
    [InlineData("""{ "training_args": { "output_dir": "x", "style_profile": "plato" } }""", "plato")]
    [InlineData("""{ "training_args": { "output_dir": "x", "bf16": 1 } }""", "bf16")]
    [InlineData("""{ "training_args": { "output_dir": "x" }, "model_name": 3 }""", "'model_name' is no text")]
    [InlineData("""{ "training_args": { "output_dir": "x", "seed": 1, "seed": 2 } }""", "seed")]
    public void A_broken_file_is_one_clear_error(string text, string named)
    {
        var path = Path.Combine(folder, TrainingConfiguration.FileName);
        File.WriteAllText(path, text);
        var error = Assert.Throws<InvalidDataException>(() => TrainingConfiguration.Read(folder));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private TrainingConfiguration Written(TrainingOptions options, JsonObject? data = null, params IModelArtifact[] artifacts)
    {
        File.WriteAllText(Path.Combine(folder, TrainingConfiguration.FileName), SettingsJson.Text(TrainingConfiguration.Describe(options, "gemma", data, artifacts)));
        return TrainingConfiguration.Read(folder);
    }

    private sealed class Attached(string section, JsonObject content) : IModelArtifact
    {
        public string ConfigurationSection => section;

        public bool ReplacesWeights => false;

        public JsonObject DescribeConfiguration() => content;

        public void Save(string directory) => throw new NotSupportedException();

        public void Load(string directory) => throw new NotSupportedException();
    }
}
