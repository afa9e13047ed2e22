using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Socratic.Training;
using Socratic.Training.Lora;

namespace FineTune;

/// <summary>Everything a run is told, read and checked before a model is loaded.</summary>
internal sealed record Settings(string Model, ModelDtype Dtype, TrainingOptions Training, LoraOptions Lora, DialogueOptions Dialogues, int? PackLength, HostOptions Host)
{
    private const string ModelKey = "model_name";
    private const string DtypeKey = "model_dtype";
    private const string LoraKey = "lora_config";

    /// <summary>Defaults, then appsettings.json, then --config, then the command line: what comes later wins.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; all of it is listed.</exception>
    internal static Settings Read(Arguments arguments)
    {
        var layers = new SettingsLayers(Defaults());
        if (File.Exists(arguments.AppSettings)) layers.AddFile(arguments.AppSettings);
        if (arguments.Config is { } config) layers.AddFile(Directory.Exists(config) ? Path.Combine(config, TrainingConfiguration.FileName) : config);
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
        tree[HostOptions.Section] = SettingsLayers.Of(new HostOptions());
        return tree;
    }

    private static Settings Checked(SettingsLayers layers)
    {
        var tree = layers.Tree;
        var problems = layers.Problems;
        var read = TrainingConfiguration.Parse(tree, "The settings");
        var settings = new Settings(
            read.ModelName ?? "", ReadDtype(tree, problems), read.Options, ReadLora(tree, problems), read.Data!, read.PackLength, SettingsLayers.HostOf(tree[HostOptions.Section]!));
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

    private static LoraOptions ReadLora(JsonObject tree, List<string> problems)
    {
        try
        {
            return LoraOptions.FromConfiguration(tree[LoraKey]!.AsObject());
        }
        catch (InvalidDataException e)
        {
            problems.Add(e.Message);
            return new LoraOptions();
        }
    }

    private static ModelDtype ReadDtype(JsonObject tree, List<string> problems)
    {
        if (Enum.TryParse<ModelDtype>(tree[DtypeKey]?.ToString(), ignoreCase: true, out var dtype) && Enum.IsDefined(dtype)) return dtype;
        problems.Add($"Dtype is {tree[DtypeKey]}: it must be float32, bfloat16 or auto.");
        return default;
    }
}
