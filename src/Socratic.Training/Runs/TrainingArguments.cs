using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Socratic.Training.Files;

namespace Socratic.Training.Runs;

/// <summary>The options of a run as <c>training_args</c>: under Hugging Face's names where it has the setting, else in snake_case.</summary>
internal static class TrainingArguments
{
    private static readonly Dictionary<string, string> HuggingFaceNames = new()
    {
        [nameof(TrainingOptions.OutputDirectory)] = "output_dir",
        [nameof(TrainingOptions.TrainBatchSize)] = "per_device_train_batch_size",
        [nameof(TrainingOptions.EvaluationBatchSize)] = "per_device_eval_batch_size",
        [nameof(TrainingOptions.Epochs)] = "num_train_epochs",
        [nameof(TrainingOptions.Sampling)] = "train_sampling_strategy",
        [nameof(TrainingOptions.DropLastBatch)] = "dataloader_drop_last",
        [nameof(TrainingOptions.Schedule)] = "lr_scheduler_type",
        [nameof(TrainingOptions.ScheduleOptions)] = "lr_scheduler_kwargs",
        [nameof(TrainingOptions.Optimizer)] = "optim",
        [nameof(TrainingOptions.MaxGradientNorm)] = "max_grad_norm",
        [nameof(TrainingOptions.LogFirstStep)] = "logging_first_step",
        [nameof(TrainingOptions.EvaluationStrategy)] = "eval_strategy",
        [nameof(TrainingOptions.EvaluationSteps)] = "eval_steps",
        [nameof(TrainingOptions.EvaluationDelay)] = "eval_delay",
        [nameof(TrainingOptions.EvaluateOnStart)] = "eval_on_start",
        [nameof(TrainingOptions.GradientCheckpointing)] = "activation_checkpointing",
        [nameof(TrainingOptions.Precision)] = "bf16",
        [nameof(TrainingOptions.CountTokens)] = "include_num_input_tokens_seen",
    };

    private static readonly JsonSerializerOptions Json = SettingsJson.Create(Rename);

    public static JsonObject Of(TrainingOptions options) => SettingsJson.ToObject(options, Json);

    /// <exception cref="InvalidDataException">A key is unknown or holds what it must not.</exception>
    public static TrainingOptions Read(JsonNode arguments, string where) => SettingsJson.FromNode<TrainingOptions>(arguments, where, Json);

    private static void Rename(JsonTypeInfo type)
    {
        if (type.Type == typeof(ScheduleOptions))
        {
            foreach (var property in type.Properties) property.ShouldSerialize = (_, value) => value is not null;
        }
        if (type.Type != typeof(TrainingOptions)) return;
        foreach (var property in type.Properties)
        {
            var name = ((System.Reflection.PropertyInfo)property.AttributeProvider!).Name;
            if (HuggingFaceNames.TryGetValue(name, out var theirs)) property.Name = theirs;
            if (name == nameof(TrainingOptions.MaxSteps)) property.CustomConverter = new NoneIsMinusOne();
            if (name == nameof(TrainingOptions.Precision)) property.CustomConverter = new PrecisionAsBf16();
            if (name == nameof(TrainingOptions.StyleProfile)) property.CustomConverter = new ProfileByName();
        }
    }

    /// <summary>Hugging Face's way to say that there is no limit of updates.</summary>
    private sealed class NoneIsMinusOne : JsonConverter<int?>
    {
        public override bool HandleNull => true;

        public override int? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
            => reader.TokenType == JsonTokenType.Null || reader.GetInt32() is < 0 and _ ? null : reader.GetInt32();

        public override void Write(Utf8JsonWriter writer, int? value, JsonSerializerOptions options) => writer.WriteNumberValue(value ?? -1);
    }

    /// <summary>Hugging Face's <c>bf16</c>: true for mixed precision, false for the model's own dtype; beside these "auto".</summary>
    private sealed class PrecisionAsBf16 : JsonConverter<TrainingPrecision>
    {
        private const string Auto = "auto";

        public override TrainingPrecision Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.True => TrainingPrecision.Mixed,
            JsonTokenType.False => TrainingPrecision.AsLoaded,
            JsonTokenType.String when reader.ValueTextEquals(Auto) => TrainingPrecision.Auto,
            _ => throw new JsonException($"'bf16' must be true, false or \"{Auto}\"."),
        };

        public override void Write(Utf8JsonWriter writer, TrainingPrecision value, JsonSerializerOptions options)
        {
            if (value == TrainingPrecision.Auto) writer.WriteStringValue(Auto);
            else writer.WriteBooleanValue(value == TrainingPrecision.Mixed);
        }
    }

    /// <summary>A built-in profile by its name, one of the user's as an object, so that the file alone repeats the run.</summary>
    private sealed class ProfileByName : JsonConverter<StyleProfile>
    {
        public override StyleProfile Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            try
            {
                return document.RootElement.ValueKind == JsonValueKind.String
                    ? StyleProfile.Find(document.RootElement.GetString()!)
                    : StyleProfile.Parse(document.RootElement.GetRawText(), "custom", "style_profile");
            }
            catch (Exception e) when (e is ArgumentException or InvalidDataException)
            {
                throw new JsonException(e.Message, e);
            }
        }

        public override void Write(Utf8JsonWriter writer, StyleProfile value, JsonSerializerOptions options)
        {
            if (StyleProfile.IsBuiltIn(value)) writer.WriteStringValue(value.Name);
            else JsonNode.Parse(value.ToJson())!.WriteTo(writer);
        }
    }
}
