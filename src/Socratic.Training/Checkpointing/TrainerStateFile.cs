using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Training.Files;

namespace Socratic.Training.Checkpointing;

/// <summary>
/// trainer_state.json, with Hugging Face's keys only: its reader refuses any other. Written as its writer does it, so that the same values give the same bytes.
/// </summary>
internal sealed class TrainerStateFile
{
    public const string FileName = "trainer_state.json";

    public int? BestGlobalStep { get; set; }

    public double? BestMetric { get; set; }

    public string? BestModelCheckpoint { get; set; }

    public double? Epoch { get; set; }

    public int EvalSteps { get; set; } = 500;

    public int GlobalStep { get; set; }

    public bool IsHyperParamSearch { get; set; }

    public bool IsLocalProcessZero { get; set; } = true;

    public bool IsWorldProcessZero { get; set; } = true;

    /// <summary>
    /// One object a log: the reference's names, whole numbers as <see cref="long"/> or <see cref="int"/>, others as <see cref="double"/> (NaN and infinities too).
    /// </summary>
    public List<JsonObject> LogHistory { get; set; } = [];

    public int LoggingSteps { get; set; } = 500;

    public int MaxSteps { get; set; }

    public long NumInputTokensSeen { get; set; }

    public int NumTrainEpochs { get; set; }

    public int SaveSteps { get; set; } = 500;

    public JsonObject StatefulCallbacks { get; set; } = [];

    public double TotalFlos { get; set; }

    public int? TrainBatchSize { get; set; }

    public string? TrialName { get; set; }

    public JsonNode? TrialParams { get; set; }

    /// <summary>The text of the file.</summary>
    public string Write() => PythonJson.Write(new JsonObject
    {
        ["best_global_step"] = BestGlobalStep,
        ["best_metric"] = BestMetric,
        ["best_model_checkpoint"] = BestModelCheckpoint,
        ["epoch"] = Epoch,
        ["eval_steps"] = EvalSteps,
        ["global_step"] = GlobalStep,
        ["is_hyper_param_search"] = IsHyperParamSearch,
        ["is_local_process_zero"] = IsLocalProcessZero,
        ["is_world_process_zero"] = IsWorldProcessZero,
        ["log_history"] = new JsonArray([.. LogHistory.Select(entry => entry.DeepClone())]),
        ["logging_steps"] = LoggingSteps,
        ["max_steps"] = MaxSteps,
        ["num_input_tokens_seen"] = NumInputTokensSeen,
        ["num_train_epochs"] = NumTrainEpochs,
        ["save_steps"] = SaveSteps,
        ["stateful_callbacks"] = StatefulCallbacks.DeepClone(),
        ["total_flos"] = TotalFlos,
        ["train_batch_size"] = TrainBatchSize,
        ["trial_name"] = TrialName,
        ["trial_params"] = TrialParams?.DeepClone(),
    }) + "\n";

    /// <summary>Reads the file of a folder. Keys may be missing, as in the reference; keys that a later version of it added are passed over.</summary>
    /// <exception cref="IOException">The file is missing or not what it should be; the message names it, the key, what was found and what was expected.</exception>
    public static TrainerStateFile Read(string path)
    {
        try
        {
            var root = PythonJson.Parse(File.ReadAllText(path)) as JsonObject ?? throw new IOException($"{path}: found no JSON object, expected one.");
            return new Reader(path, root).State();
        }
        catch (JsonException e)
        {
            throw new IOException($"{path}: not valid JSON: {e.Message}", e);
        }
    }

    private sealed class Reader(string path, JsonObject root)
    {
        private static readonly TrainerStateFile Default = new();

        public TrainerStateFile State() => new()
        {
            BestGlobalStep = (int?)Whole("best_global_step", int.MaxValue),
            BestMetric = Number("best_metric"),
            BestModelCheckpoint = Text("best_model_checkpoint"),
            Epoch = Number("epoch"),
            EvalSteps = Count("eval_steps") ?? Default.EvalSteps,
            GlobalStep = Count("global_step") ?? 0,
            IsHyperParamSearch = Flag("is_hyper_param_search") ?? false,
            IsLocalProcessZero = Flag("is_local_process_zero") ?? true,
            IsWorldProcessZero = Flag("is_world_process_zero") ?? true,
            LogHistory = Logs(),
            LoggingSteps = Count("logging_steps") ?? Default.LoggingSteps,
            MaxSteps = Count("max_steps") ?? 0,
            NumInputTokensSeen = Whole("num_input_tokens_seen", long.MaxValue) ?? 0,
            NumTrainEpochs = Count("num_train_epochs") ?? 0,
            SaveSteps = Count("save_steps") ?? Default.SaveSteps,
            StatefulCallbacks = Is<JsonObject>("stateful_callbacks", "an object")?.DeepClone().AsObject() ?? [],
            TotalFlos = Number("total_flos") ?? 0,
            TrainBatchSize = Count("train_batch_size"),
            TrialName = Text("trial_name"),
            TrialParams = root["trial_params"]?.DeepClone(),
        };

        private int? Count(string key) => (int?)Whole(key, int.MaxValue);

        private long? Whole(string key, long most) => Number(key) switch
        {
            null => null,
            { } number when number == Math.Floor(number) && number >= 0 && number <= most => (long)number,
            _ => throw Wrong(key, "a whole number"),
        };

        private double? Number(string key) => Is<JsonValue>(key, "a number") switch
        {
            null => null,
            { } value when value.TryGetValue<double>(out var number) => number,
            _ => throw Wrong(key, "a number"),
        };

        private string? Text(string key) => Is<JsonValue>(key, "a text") switch
        {
            null => null,
            { } value when value.TryGetValue<string>(out var text) => text,
            _ => throw Wrong(key, "a text"),
        };

        private bool? Flag(string key) => Is<JsonValue>(key, "true or false") switch
        {
            null => null,
            { } value when value.TryGetValue<bool>(out var flag) => flag,
            _ => throw Wrong(key, "true or false"),
        };

        private List<JsonObject> Logs() => Is<JsonArray>("log_history", "a list of objects")?
            .Select(entry => entry as JsonObject ?? throw Wrong("log_history", "a list of objects")).Select(entry => entry.DeepClone().AsObject()).ToList() ?? [];

        private T? Is<T>(string key, string expected)
            where T : JsonNode => root[key] switch
            {
                null => null,
                T node => node,
                _ => throw Wrong(key, expected),
            };

        private IOException Wrong(string key, string expected)
        {
            var found = string.Concat(PythonJson.Write(root[key]).Split('\n').Select(line => line.Trim()));
            return new IOException($"{path}: '{key}': found {(found.Length > 80 ? found[..80] + "..." : found)}, expected {expected}.");
        }
    }
}
