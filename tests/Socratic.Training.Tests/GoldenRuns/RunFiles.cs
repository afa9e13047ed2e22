using System.Globalization;
using System.Text.Json;
using Socratic.Testing.Golden;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>The files of one golden run, and its arguments as our options.</summary>
internal sealed class RunFiles(string folder)
{
    internal string Folder { get; } = folder;

    internal JsonElement Arguments { get; } = GoldenRoot.Json(Path.Combine(folder, "args.json"));

    internal JsonElement Data { get; } = GoldenRoot.Json(Path.Combine(folder, "data.json"));

    internal JsonElement Expected { get; } = GoldenRoot.Json(Path.Combine(folder, "expected.json"));

    internal bool IsToy => Arguments.GetProperty("model").GetString() == "toy";

    internal bool HasLora => Arguments.TryGetProperty("lora", out var lora) && lora.ValueKind == JsonValueKind.Object;

    internal string Initial => Path.Combine(Folder, "initial");

    internal bool HasMetrics => Expected.GetProperty("evaluations").EnumerateArray().Any(e => e.GetProperty("metrics").TryGetProperty("eval_combined_score", out _));

    /// <summary>The first update of the reference with a loss that is not finite, or null.</summary>
    internal int? FirstBadUpdate => Expected.GetProperty("micro_batches").EnumerateArray().Where(m => !double.IsFinite(Number(m.GetProperty("loss")))).Select(m => (int?)m.GetProperty("update").GetInt32()).FirstOrDefault();

    internal GoldenTensors? Tensors(string name) => File.Exists(Path.Combine(Folder, name)) ? new GoldenTensors(Path.Combine(Folder, name)) : null;

    /// <summary>True where the checkpoint's weights are bfloat16, and so are gradients and optimizer state.</summary>
    internal bool IsPureBFloat16 => File.Exists(Path.Combine(Initial, "config.json"))
        && GoldenRoot.Json(Path.Combine(Initial, "config.json")).TryGetProperty("dtype", out var dtype) && dtype.GetString() == "bfloat16";

    internal bool HasBFloat16 => IsPureBFloat16 || Arguments.GetProperty("training_arguments").GetProperty("bf16").GetBoolean();

    /// <summary>The callbacks that the run's arguments ask for.</summary>
    internal List<ICallback> Callbacks() => Arguments.TryGetProperty("early_stopping", out var early) && early.ValueKind == JsonValueKind.Object
        ? [new EarlyStoppingCallback(early.GetProperty("early_stopping_patience").GetInt32(), early.GetProperty("early_stopping_threshold").GetDouble())]
        : [];

    /// <summary>The run's arguments, some of them replaced, as our options.</summary>
    internal TrainingOptions Options(string output, JsonElement? replaced = null) => Options(Arguments.GetProperty("training_arguments"), output, replaced);

    internal static TrainingOptions Options(JsonElement arguments, string output, JsonElement? replaced = null)
    {
        var a = new Given(arguments, replaced);
        var warmup = a.GetProperty("warmup_steps").GetDouble();
        return new TrainingOptions
        {
            OutputDirectory = output,
            TrainBatchSize = a.GetProperty("per_device_train_batch_size").GetInt32(),
            EvaluationBatchSize = a.GetProperty("per_device_eval_batch_size").GetInt32(),
            GradientAccumulationSteps = a.GetProperty("gradient_accumulation_steps").GetInt32(),
            Epochs = a.GetProperty("num_train_epochs").GetDouble(),
            MaxSteps = a.GetProperty("max_steps").GetInt32() is > 0 and var max ? max : null,
            LearningRate = a.GetProperty("learning_rate").GetDouble(),
            Schedule = a.GetProperty("lr_scheduler_type").Deserialize<LearningRateSchedule>(),
            ScheduleOptions = a.GetProperty("lr_scheduler_kwargs").Deserialize<ScheduleOptions>(),
            WarmupSteps = warmup >= 1 ? (int)warmup : null,
            WarmupRatio = warmup < 1 ? warmup : null,
            WeightDecay = a.GetProperty("weight_decay").GetDouble(),
            AdamBeta1 = a.GetProperty("adam_beta1").GetDouble(),
            AdamBeta2 = a.GetProperty("adam_beta2").GetDouble(),
            AdamEpsilon = a.GetProperty("adam_epsilon").GetDouble(),
            MaxGradientNorm = a.GetProperty("max_grad_norm").GetDouble(),
            LabelSmoothingFactor = a.GetProperty("label_smoothing_factor").GetDouble(),
            NeftuneNoiseAlpha = a.GetProperty("neftune_noise_alpha").ValueKind == JsonValueKind.Null ? null : a.GetProperty("neftune_noise_alpha").GetDouble(),
            Precision = a.GetProperty("bf16").GetBoolean() ? TrainingPrecision.Mixed : TrainingPrecision.AsLoaded,
            GradientCheckpointing = a.GetProperty("activation_checkpointing").GetBoolean(),
            LoggingStrategy = Interval(a, "logging_strategy"),
            LoggingSteps = a.GetProperty("logging_steps").GetDouble(),
            LogFirstStep = a.GetProperty("logging_first_step").GetBoolean(),
            EvaluationStrategy = Interval(a, "eval_strategy"),
            EvaluationSteps = a.GetProperty("eval_steps").ValueKind == JsonValueKind.Null ? null : a.GetProperty("eval_steps").GetDouble(),
            EvaluationDelay = a.GetProperty("eval_delay").GetDouble(),
            EvaluateOnStart = a.GetProperty("eval_on_start").GetBoolean(),
            SaveStrategy = Enum.Parse<SaveStrategy>(a.GetProperty("save_strategy").GetString()!, ignoreCase: true),
            SaveSteps = a.GetProperty("save_steps").GetDouble(),
            SaveTotalLimit = a.GetProperty("save_total_limit").ValueKind == JsonValueKind.Null ? null : a.GetProperty("save_total_limit").GetInt32(),
            LoadBestModelAtEnd = a.GetProperty("load_best_model_at_end").GetBoolean(),
            MetricForBestModel = a.GetProperty("metric_for_best_model").GetString(),
            GreaterIsBetter = a.GetProperty("greater_is_better").ValueKind == JsonValueKind.Null ? null : a.GetProperty("greater_is_better").GetBoolean(),
            CountTokens = Enum.Parse<TokenCount>(a.GetProperty("include_num_input_tokens_seen").GetString()!.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            Sampling = Enum.Parse<SamplingStrategy>(a.GetProperty("train_sampling_strategy").GetString()!.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            DropLastBatch = a.GetProperty("dataloader_drop_last").GetBoolean(),
            Seed = a.GetProperty("seed").GetInt32(),
            DataSeed = a.GetProperty("data_seed").ValueKind == JsonValueKind.Null ? null : a.GetProperty("data_seed").GetInt32(),
        };
    }

    /// <summary>A number that JSON may hold as the strings NaN and Infinity.</summary>
    internal static double Number(JsonElement value) => value.ValueKind == JsonValueKind.String
        ? double.Parse(value.GetString()!, CultureInfo.InvariantCulture)
        : value.GetDouble();

    private sealed record Given(JsonElement Arguments, JsonElement? Replaced)
    {
        internal JsonElement GetProperty(string name) => Replaced is { } r && r.TryGetProperty(name, out var value) ? value : Arguments.GetProperty(name);
    }

    private static IntervalStrategy Interval(Given arguments, string name) => Enum.Parse<IntervalStrategy>(arguments.GetProperty(name).GetString()!, ignoreCase: true);
}
