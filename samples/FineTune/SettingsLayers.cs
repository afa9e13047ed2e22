using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Socratic.Training;
using Socratic.Training.Quantization;

namespace FineTune;

/// <summary>
/// Settings in the form of training_config.json, laid over each other key by key: what comes later wins. Problems are collected, so that a person hears of all at once.
/// </summary>
internal sealed class SettingsLayers
{
    private const string TrainingKey = "training_args";

    // What a run writes into its training_config.json for others to read, but nothing is chosen by.
    private static readonly string[] Ignored = ["lora_config.peft_type", "lora_config.peft_version", "lora_config.base_model_name_or_path"];

    // Two ways to say one thing: who gives the one takes the other back.
    private static readonly (string Given, string Takes, JsonNode? Back)[] Rivals =
    [
        ("training_args.warmup_steps", "training_args.warmup_ratio", null), ("training_args.warmup_ratio", "training_args.warmup_steps", null),
        ("training_args.num_train_epochs", "training_args.max_steps", -1),
    ];

    private static readonly JsonSerializerOptions HostJson = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    private readonly HashSet<string> known;
    private readonly HashSet<string> lists;

    /// <param name="defaults">Every setting there is.</param>
    internal SettingsLayers(JsonObject defaults)
    {
        Tree = defaults;
        known = [.. Leaves(defaults).Select(l => l.Key)];
        lists = [.. Leaves(defaults).Where(l => l.Value is JsonArray).Select(l => l.Key)];
    }

    internal JsonObject Tree { get; }

    internal List<string> Problems { get; } = [];

    internal static JsonObject Of(HostOptions options) => JsonSerializer.SerializeToNode(options, HostJson)!.AsObject();

    internal static HostOptions HostOf(JsonNode section) => section.Deserialize<HostOptions>(HostJson)!;

    /// <exception cref="InvalidDataException">The file holds no JSON object.</exception>
    internal static JsonObject ReadFile(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: Lenient) as JsonObject ?? throw new InvalidDataException($"{path}: found no JSON object, expected one.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"{path}: there is no such file. Settings come from a training_config.json, or from the output folder of a run.", path, e);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>True for a file that a run wrote: it tells everything, and what it does not name is at its default.</summary>
    internal bool IsWhole(JsonObject file) => file[TrainingKey] is JsonObject told && Tree[TrainingKey]!.AsObject().All(setting => told.ContainsKey(setting.Key));

    /// <summary>Lays a file over what is there.</summary>
    internal void AddFile(string path, JsonObject file)
    {
        var sections = file.Where(top => Tree[top.Key] is JsonObject && top.Value is JsonObject).ToDictionary();
        foreach (var (key, value) in file.Where(top => !sections.ContainsKey(top.Key) && Tree[top.Key] is JsonObject))
            Problems.Add($"{path}: '{key}' holds {value?.ToJsonString() ?? "null"}, expected an object.");
        var others = file.Where(top => Tree[top.Key] is not JsonObject).Select(top => (top.Key, top.Value));
        Add(path, Leaves(sections).Concat(others).Select(l => (l.Key, (IReadOnlyList<JsonNode?>)[l.Value])));
    }

    /// <summary>Lays what the command line says over what is there. A text is taken for a number where the key wants one.</summary>
    internal void AddTexts(IEnumerable<(string Key, IReadOnlyList<string> Values)> given) => Add("The command line", given.Select(g => (g.Key, Forms(g.Key, g.Values))));

    private void Add(string source, IEnumerable<(string Key, IReadOnlyList<JsonNode?> Forms)> given)
    {
        var all = given.ToList();
        foreach (var (key, takes, back) in Rivals)
            if (all.Any(g => g.Key == key && g.Forms[0] is not null) && all.All(g => g.Key != takes)) Set(takes, back?.DeepClone());
        foreach (var (key, forms) in all.Where(g => !Ignored.Contains(g.Key)))
        {
            if (!known.Contains(key))
            {
                var candidates = forms[0] is JsonObject && !key.Contains('.', StringComparison.Ordinal) ? Tree.Select(top => top.Key) : known;
                Problems.Add($"{source}: there is no setting '{key}'; did you mean '{NearestName.Of(key, candidates)}'?");
                continue;
            }
            var faults = forms.Select(form => Fault(source, key, form)).ToList();
            if (faults.IndexOf(null) is >= 0 and var fit) Set(key, forms[fit]?.DeepClone());
            else Problems.Add(faults[^1]!);
        }
    }

    private void Set(string key, JsonNode? value)
    {
        if (key.Split('.', 2) is [var section, var name]) Tree[section]![name] = value;
        else Tree[key] = value;
    }

    /// <summary>Why a key cannot hold a value, alone; null where it can.</summary>
    private static string? Fault(string source, string key, JsonNode? value)
    {
        if (key.Split('.', 2) is not [var section, var name])
            return value is null || value.GetValueKind() == JsonValueKind.String ? null : $"{source}: '{key}' holds {value.ToJsonString()}, expected a text.";
        var one = new JsonObject { [name] = value?.DeepClone() };
        var arguments = new JsonObject { ["output_dir"] = "out" };
        try
        {
            switch (section)
            {
                case TrainingKey:
                    arguments[name] = one[name]?.DeepClone();
                    TrainingConfiguration.Parse(new JsonObject { [section] = arguments }, source);
                    break;
                case "data_args":
                    TrainingConfiguration.Parse(new JsonObject { [TrainingKey] = arguments, [section] = one }, source);
                    break;
                case Settings.QuantizationKey:
                    QuantizationOptions.FromConfiguration(one);
                    break;
                case HostOptions.Section:
                    HostOf(one);
                    break;
            }
            return null;
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
        catch (JsonException)
        {
            return $"{source}: '{key}' cannot hold {one[name]?.ToJsonString() ?? "null"}.";
        }
    }

    /// <summary>What words of the command line can be: a list where the key holds one, else JSON where they are, else a text.</summary>
    private IReadOnlyList<JsonNode?> Forms(string key, IReadOnlyList<string> values)
    {
        // all-linear and a pattern are texts to PEFT; names are a list.
        var isPattern = values is [var only] && key == "lora_config.target_modules" && (only == TargetModules.AllLinearName || only.IndexOfAny(['*', '[', '(', '|']) >= 0);
        if (lists.Contains(key) && !isPattern) return [new JsonArray([.. values.Select(v => JsonValue.Create(v))])];
        try
        {
            return [JsonNode.Parse(values[^1]), JsonValue.Create(values[^1])];
        }
        catch (JsonException)
        {
            return [JsonValue.Create(values[^1])];
        }
    }

    private static IEnumerable<(string Key, JsonNode? Value)> Leaves(IEnumerable<KeyValuePair<string, JsonNode?>> tree)
        => tree.SelectMany(top => top.Value is JsonObject section ? section.Select(s => ($"{top.Key}.{s.Key}", s.Value)) : [(top.Key, top.Value)]);
}
