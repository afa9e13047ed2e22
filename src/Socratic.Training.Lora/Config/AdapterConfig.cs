using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Training.Files;

namespace Socratic.Training.Lora.Config;

/// <summary>
/// adapter_config.json: the options, and what PEFT keeps beside them. Reading and writing again gives PEFT's bytes: a value that still means the same
/// keeps the form it had (a number instead of a list of one, the order of a set).
/// </summary>
internal sealed class AdapterConfig
{
    public const string FileName = "adapter_config.json";

    private const long LargestFile = 16 << 20;

    private readonly JsonObject? original;

    private AdapterConfig(LoraOptions options, SettingNames names, JsonObject? original, IReadOnlyList<string> warnings)
    {
        Options = options;
        Names = names;
        this.original = original;
        Warnings = warnings;
    }

    public LoraOptions Options { get; init; }

    /// <summary>How messages name the settings: by where they came from.</summary>
    public SettingNames Names { get; }

    /// <summary>What was read but has no effect.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>The name of the base model as the file had it, or null.</summary>
    public string? BaseModel => original?["base_model_name_or_path"]?.GetValue<string>();

    /// <summary>The configuration of a new adapter.</summary>
    /// <exception cref="ArgumentException">The options break rules; the message lists them all.</exception>
    public static AdapterConfig Create(LoraOptions options)
    {
        LoraOptionsRules.Check(options, SettingNames.Options);
        return new AdapterConfig(options, SettingNames.Options, null, []);
    }

    /// <summary>The options of a section of training_config.json.</summary>
    public static LoraOptions FromSection(JsonObject section)
    {
        var json = section.DeepClone().AsObject();
        json["peft_type"] = "LORA";
        return Parse(json, SettingNames.File("lora_config")).Options;
    }

    /// <summary>The same adapter under other options.</summary>
    public AdapterConfig With(LoraOptions options) => new(options, Names, original, []);

    /// <summary>Reads a folder's adapter_config.json.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is not JSON, a value is wrong, or it asks for what is not implemented; the message names the file and lists all problems.</exception>
    public static AdapterConfig Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no {FileName} in '{directory}'; expected the folder of a LoRA adapter as PEFT writes it.", path);
        if (new FileInfo(path).Length > LargestFile) throw new InvalidDataException($"{path}: larger than {LargestFile >> 20} MB; expected the settings of a LoRA adapter.");
        return Parse(File.ReadAllBytes(path), path);
    }

    public static AdapterConfig Parse(ReadOnlySpan<byte> json, string path)
    {
        var names = SettingNames.File(path);
        JsonObject o;
        try
        {
            o = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject
                ?? throw new InvalidDataException($"{path}: expected a JSON object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: not valid JSON: {e.Message}", e);
        }
        return Parse(o, names);
    }

    private static AdapterConfig Parse(JsonObject o, SettingNames names)
    {
        var warnings = new List<string>();
        var unknown = o.Select(m => m.Key).Where(k => !ConfigKeys.IsKnown(k)).ToArray();
        foreach (var key in unknown) o.Remove(key);
        if (unknown.Length > 0) warnings.Add($"{names.Source}: unknown keys, ignored: {string.Join(", ", unknown)}. A newer PEFT may have written them.");

        var reader = new ConfigReader(o);
        if (!o.ContainsKey("peft_type")) reader.Problems.Add("peft_type is missing; expected LORA.");
        else if (reader.Text("peft_type") is not "LORA" and var type) reader.Problems.Add($"peft_type is {type ?? "null"}; only LORA adapters are supported.");
        foreach (var (key, value) in o)
            if (ConfigKeys.UseOf(key) == KeyUse.Refuse && !ConfigKeys.IsDefault(key, value) && value?.GetValueKind() != JsonValueKind.False)
                reader.Problems.Add($"{key} is set, which changes what the adapter computes and is not supported.");
        if (reader.Bool("fan_in_fan_out", false))
        {
            warnings.Add($"{names.Source}: fan_in_fan_out is true, but the adapted layers store [out, in]; taken as false.");
            o["fan_in_fan_out"] = false;
        }
        var options = ReadOptions(reader);
        reader.Text("base_model_name_or_path");
        var problems = reader.Problems.Concat(LoraOptionsRules.Problems(options, names)).ToArray();
        return problems.Length > 0 ? throw names.Error(string.Join(" ", problems)) : new AdapterConfig(options, names, o, warnings);
    }

    private static LoraOptions ReadOptions(ConfigReader reader) => new()
    {
        Rank = reader.Int("r", 8),
        Alpha = reader.Double("lora_alpha", 8),
        Dropout = reader.Double("lora_dropout", 0),
        TargetModules = reader.Modules("target_modules"),
        ExcludeModules = reader.Modules("exclude_modules"),
        LayersToTransform = reader.IntOrInts("layers_to_transform"),
        LayersPattern = reader.TextOrTexts("layers_pattern"),
        RankPattern = reader.IntsByPattern("rank_pattern"),
        AlphaPattern = reader.DoublesByPattern("alpha_pattern"),
        UseRsLora = reader.Bool("use_rslora", false),
        UseDora = reader.Bool("use_dora", false),
        Bias = reader.Bias("bias"),
        LoraBias = reader.Bool("lora_bias", false),
        ModulesToSave = reader.Texts("modules_to_save"),
        TrainableTokenIndices = reader.Tokens("trainable_token_indices"),
        Initialization = reader.WithLoftq(reader.Initialization("init_lora_weights"), "loftq_config"),
        EnsureWeightTying = reader.Bool("ensure_weight_tying", false),
        Revision = reader.Text("revision"),
        TaskType = reader.Text("task_type"),
    };

    /// <summary>The bytes of the file. <paramref name="baseModel"/> and <paramref name="autoMapping"/> stand where the configuration has none of its own.</summary>
    public byte[] Write(string? baseModel, JsonNode? autoMapping) => Encoding.ASCII.GetBytes(PythonJson.Write(ToJson(baseModel, autoMapping)));

    /// <summary>The settings under PEFT's names, as the file holds them.</summary>
    public JsonObject ToJson(string? baseModel, JsonNode? autoMapping)
    {
        var written = ConfigWriter.Write(Options);
        var before = original is null ? null : ConfigWriter.Write(ReadOptions(new ConfigReader(original)));
        var json = new JsonObject();
        foreach (var key in ConfigKeys.All)
        {
            var now = written.TryGetPropertyValue(key, out var node) ? node : ConfigKeys.DefaultOf(key);
            JsonNode? was = null;
            var kept = original is not null && original.TryGetPropertyValue(key, out was)
                && (!written.ContainsKey(key) || (was is not null && JsonNode.DeepEquals(now, before![key])));
            json[key] = (kept ? was : now)?.DeepClone();
        }
        json["inference_mode"] = true;
        json["base_model_name_or_path"] ??= baseModel;
        json["peft_version"] ??= ConfigKeys.PeftVersion;
        if (Options.TaskType is null) json["auto_mapping"] ??= autoMapping?.DeepClone();
        return json;
    }
}
