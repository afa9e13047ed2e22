using System.Text.Json.Nodes;
using Socratic.Training.Files;
using Socratic.Training.Models;

namespace Socratic.Training;

/// <summary>
/// What <c>training_config.json</c> in a run's output folder says: everything that was chosen for the run, so that it can be repeated.
/// Keys: <c>model_name</c>, <c>model_dtype</c> (the dtype it was loaded in), <c>training_args</c> (Hugging Face's names where it has the setting), <c>data_args</c>, and a section for what is attached to the model
/// (<c>lora_config</c> with PEFT's names, <c>bnb_config</c>).
/// </summary>
public sealed class TrainingConfiguration
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "training_config.json";

    internal const string ModelKey = "model_name";
    private const string DtypeKey = "model_dtype";
    private const string TrainingKey = "training_args";
    private const string DataKey = "data_args";
    private const string PackLengthKey = "pack_length";
    private const string PackingKey = "packing";

    private readonly JsonObject root;

    private TrainingConfiguration(JsonObject root, string path)
    {
        this.root = root;
        ModelName = root[ModelKey] switch
        {
            null => null,
            JsonValue value when value.TryGetValue<string>(out var name) => name,
            _ => throw new InvalidDataException($"{path}: '{ModelKey}' is no text."),
        };
        Options = Runs.TrainingArguments.Read(root[TrainingKey] ?? throw new InvalidDataException($"{path}: '{TrainingKey}' is missing."), $"{path}: '{TrainingKey}'");
        if (root[DataKey] is not { } section) return;
        var data = section.DeepClone();
        (PackLength, Packing) = (Take<int?>(data, PackLengthKey), Take<PackingStrategy?>(data, PackingKey) ?? Packing);
        Data = SettingsJson.FromNode<DialogueOptions>(data, $"{path}: '{DataKey}'");

        T Take<T>(JsonNode from, string key)
        {
            if (from is not JsonObject keys || !keys.ContainsKey(key)) return default!;
            var one = new JsonObject { [key] = keys[key]?.DeepClone() };
            keys.Remove(key);
            return SettingsJson.FromNode<Dictionary<string, T>>(one, $"{path}: '{DataKey}'")[key];
        }
    }

    /// <summary>The model's name or folder; null if the run's module has none.</summary>
    public string? ModelName { get; }

    /// <summary>The options of the run. They are not validated: the trainer does that.</summary>
    public TrainingOptions Options { get; }

    /// <summary>How dialogues became rows; null if the rows were no dialogues.</summary>
    public DialogueOptions? Data { get; }

    /// <summary>The most tokens of a pack; null where rows were not packed.</summary>
    public int? PackLength { get; }

    /// <summary>How rows were packed.</summary>
    public PackingStrategy Packing { get; }

    /// <summary>A section as it stands in the file, such as <c>lora_config</c>; null if there is none.</summary>
    public JsonObject? Section(string key) => (root[key] as JsonObject)?.DeepClone().AsObject();

    /// <summary>Reads a run's file.</summary>
    /// <param name="path">The file, or the output folder it lies in.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not what it should be; the message names file and key.</exception>
    public static TrainingConfiguration Read(string path)
    {
        if (Directory.Exists(path)) path = Path.Combine(path, FileName);
        return new TrainingConfiguration(SettingsJson.Read(path), path);
    }

    /// <summary>Takes settings that have the form of the file.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="source">Where they come from, for messages.</param>
    /// <exception cref="InvalidDataException">They are not what they should be; the message names source and key.</exception>
    public static TrainingConfiguration Parse(JsonObject settings, string source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new TrainingConfiguration(settings.DeepClone().AsObject(), source);
    }

    /// <summary>The settings of a run that is yet to be made.</summary>
    public static TrainingConfiguration Create(TrainingOptions options, DialogueOptions? data = null, string? modelName = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new TrainingConfiguration(Describe(options, modelName, data is null ? null : SettingsJson.ToObject(data), []), FileName);
    }

    /// <summary>All settings in the form of the file.</summary>
    public JsonObject ToJson() => root.DeepClone().AsObject();

    /// <summary>The content of the file.</summary>
    internal static JsonObject Describe(
        TrainingOptions options, string? modelName, JsonObject? data, IEnumerable<IModelArtifact> artifacts, string? modelDtype = null, JsonObject? host = null)
    {
        var root = new JsonObject { [ModelKey] = modelName, [TrainingKey] = Runs.TrainingArguments.Of(options) };
        if (modelDtype is not null) root[DtypeKey] = modelDtype;
        foreach (var artifact in artifacts)
            if (artifact.DescribeConfiguration() is { Count: > 0 } section) root[artifact.ConfigurationSection] = section;
        if (data is not null) root[DataKey] = data;
        foreach (var (key, section) in host ?? [])
            root[key] = root.ContainsKey(key) ? throw new ArgumentException($"'{key}' is a section of {FileName} already.", nameof(host)) : section?.DeepClone();
        return root;
    }
}
