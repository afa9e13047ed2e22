using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Socratic.Training;
using Socratic.Training.Lora;
using Socratic.Training.Quantization;

namespace FineTune;

/// <summary>Everything a run is told, read and checked before a model is loaded.</summary>
internal sealed record Settings(
    string Model, ModelDtype Dtype, QuantizationOptions? Quantization, TrainingOptions Training, LoraOptions Lora, DialogueOptions Dialogues, int? PackLength, HostOptions Host)
{
    internal const string QuantizationKey = "bnb_config";

    private const string ModelKey = "model_name";
    private const string DtypeKey = "model_dtype";
    private const string LoraKey = "lora_config";

    /// <summary>Defaults, then appsettings.json, then --config, then the command line: what comes later wins. A --config that a run wrote tells everything by itself.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; all of it is listed.</exception>
    internal static Settings Read(Arguments arguments)
    {
        var layers = new SettingsLayers(Defaults());
        var path = Directory.Exists(arguments.Config) ? Path.Combine(arguments.Config, TrainingConfiguration.FileName) : arguments.Config;
        var config = path is null ? null : SettingsLayers.ReadFile(path);
        var isRepetition = config is not null && layers.IsWhole(config);
        var appSettings = arguments.AppSettings ?? Path.Combine(AppContext.BaseDirectory, "appsettings.json");
        if (!isRepetition && (arguments.AppSettings is not null || File.Exists(appSettings))) layers.AddFile(appSettings, SettingsLayers.ReadFile(appSettings));
        if (config is not null) layers.AddFile(path!, config);
        layers.AddTexts(arguments.Given);
        return Checked(layers);
    }

    /// <summary>The notebook's settings, in the form of training_config.json.</summary>
    private static JsonObject Defaults()
    {
        var tree = TrainingConfiguration.Create(TrainingOptions.Socratic(Path.Combine("out", "fine-tune")), new DialogueOptions()).ToJson();
        tree[DtypeKey] = "float32";
        tree["data_args"]!["pack_length"] = null;
        tree["data_args"]!["packing"] = "best_fit";
        tree[LoraKey] = new LoraOptions { Rank = 16, Alpha = 32, Dropout = 0.1, TargetModules = ["q_proj", "k_proj", "v_proj", "o_proj"] }.ToConfiguration();
        tree[QuantizationKey] = new JsonObject
        {
            ["load_in_4bit"] = false, ["bnb_4bit_quant_type"] = "nf4", ["bnb_4bit_use_double_quant"] = true, ["bnb_4bit_compute_dtype"] = null,
            // Who trains over 4 bits in Python prepares the model (prepare_model_for_kbit_training): so does this program.
            ["blocksize"] = 64, ["llm_int8_skip_modules"] = new JsonArray(), ["norms_in_float32"] = true,
        };
        tree[HostOptions.Section] = SettingsLayers.Of(new HostOptions());
        return tree;
    }

    private static Settings Checked(SettingsLayers layers)
    {
        var tree = layers.Tree;
        var problems = layers.Problems;
        var read = TrainingConfiguration.Parse(tree, "The settings");
        var settings = new Settings(
            read.ModelName ?? "", ReadDtype(tree, problems),
            Section(tree, QuantizationKey, QuantizationOptions.FromConfiguration, problems), read.Options, Section(tree, LoraKey, LoraOptions.FromConfiguration, problems) ?? new LoraOptions(),
            read.Data!, read.PackLength, SettingsLayers.HostOf(tree[HostOptions.Section]!));
        if (string.IsNullOrWhiteSpace(settings.Model)) problems.Add("Model is missing: give --model <Hugging Face folder>.");
        problems.AddRange(settings.Host.Problems());
        problems.AddRange(settings.Dialogues.Validate());
        if (settings.PackLength < 2) problems.Add($"PackLength is {settings.PackLength}: it must be at least 2.");
        try
        {
            settings.Training.Validate();
        }
        catch (OptionsValidationException e)
        {
            problems.AddRange(e.Failures);
        }
        return problems.Count == 0 ? settings : throw new OptionsValidationException(nameof(Settings), typeof(Settings), problems);
    }

    private static T? Section<T>(JsonObject tree, string key, Func<JsonObject, T?> read, List<string> problems)
        where T : class
    {
        try
        {
            return read(tree[key]!.AsObject());
        }
        catch (InvalidDataException e)
        {
            problems.Add(e.Message);
            return null;
        }
    }

    private static ModelDtype ReadDtype(JsonObject tree, List<string> problems)
    {
        if (Enum.TryParse<ModelDtype>(tree[DtypeKey]?.ToString(), ignoreCase: true, out var dtype) && Enum.IsDefined(dtype)) return dtype;
        problems.Add($"Dtype is {tree[DtypeKey]}: it must be float32, bfloat16 or auto.");
        return default;
    }
}
