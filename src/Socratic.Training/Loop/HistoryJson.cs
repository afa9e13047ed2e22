using System.Text.Json.Nodes;
using Socratic.Training.Callbacks;
using Socratic.Training.Checkpointing;

namespace Socratic.Training.Loop;

/// <summary>The run's state and log history as transformers writes them into trainer_state.json, and back.</summary>
internal static class HistoryJson
{
    private const string Tokens = "num_input_tokens_seen";

    internal static TrainerStateFile ToFile(TrainerState state) => new()
    {
        BestGlobalStep = state.BestGlobalStep,
        BestMetric = state.BestMetric,
        BestModelCheckpoint = state.BestModelCheckpoint,
        Epoch = state.Epoch,
        EvalSteps = state.EvaluationSteps,
        GlobalStep = state.GlobalStep,
        LogHistory = [.. state.LogHistory.Select(ToJson)],
        LoggingSteps = state.LoggingSteps,
        MaxSteps = state.MaxSteps,
        NumInputTokensSeen = state.TokensSeen,
        NumTrainEpochs = state.Epochs,
        SaveSteps = state.SaveSteps,
        TotalFlos = state.TotalFlops,
        TrainBatchSize = state.TrainBatchSize,
    };

    internal static void Restore(TrainerState state, TrainerStateFile file)
    {
        state.GlobalStep = file.GlobalStep;
        state.Epoch = file.Epoch ?? 0;
        state.BestMetric = file.BestMetric;
        state.BestGlobalStep = file.BestGlobalStep;
        state.BestModelCheckpoint = file.BestModelCheckpoint;
        state.RestoreLogs(file.LogHistory.Select(FromJson));
    }

    internal static JsonObject ToJson(LogEntry entry)
    {
        var json = entry switch
        {
            TrainingLogEntry log => new JsonObject { ["loss"] = log.Loss, ["grad_norm"] = log.GradientNorm, ["learning_rate"] = log.LearningRate, [Tokens] = log.TokensSeen },
            EvaluationLogEntry log => Evaluation(log),
            SummaryLogEntry log => new JsonObject
            {
                ["train_loss"] = log.TrainLoss,
                ["train_runtime"] = Math.Round(log.Runtime.TotalSeconds, 4),
                ["train_samples_per_second"] = Math.Round(log.SamplesPerSecond, 3),
                ["train_steps_per_second"] = Math.Round(log.StepsPerSecond, 3),
                ["total_flos"] = log.TotalFlops,
                [Tokens] = log.TokensSeen,
            },
            _ => throw new ArgumentException($"A log entry of type {entry.GetType().Name} has no form in trainer_state.json.", nameof(entry)),
        };
        if (json[Tokens] is null) json.Remove(Tokens);
        json["epoch"] = entry.Epoch;
        json["step"] = entry.Step;
        return json;
    }

    private static JsonObject Evaluation(EvaluationLogEntry log)
    {
        var json = new JsonObject();
        foreach (var (name, value) in log.Values) json[name] = value;
        var seconds = log.Runtime.TotalSeconds;
        json[$"{log.Prefix}_runtime"] = Math.Round(seconds, 4);
        json[$"{log.Prefix}_samples_per_second"] = Math.Round(log.Rows / seconds, 3);
        json[$"{log.Prefix}_steps_per_second"] = Math.Round(log.Batches / seconds, 3);
        json[Tokens] = log.TokensSeen;
        return json;
    }

    private static LogEntry FromJson(JsonObject json)
    {
        var (step, epoch, tokens) = ((int)Number(json, "step"), Number(json, "epoch"), json[Tokens] is null ? (long?)null : (long)Number(json, Tokens));
        if (json.ContainsKey("loss"))
            return new TrainingLogEntry(step, epoch, Number(json, "loss"), json["grad_norm"] is null ? null : Number(json, "grad_norm"), Number(json, "learning_rate"), tokens);
        if (json.ContainsKey("train_loss"))
        {
            return new SummaryLogEntry(
                step, epoch, Number(json, "train_loss"), TimeSpan.FromSeconds(Number(json, "train_runtime")), Number(json, "train_samples_per_second"), Number(json, "train_steps_per_second"),
                Number(json, "total_flos"), tokens);
        }
        const string runtime = "_runtime";
        var prefix = json.Select(p => p.Key).FirstOrDefault(k => k.EndsWith(runtime, StringComparison.Ordinal))?[..^runtime.Length] ?? "eval";
        var seconds = Number(json, prefix + runtime);
        string[] derived = ["step", "epoch", Tokens, prefix + runtime, prefix + "_samples_per_second", prefix + "_steps_per_second"];
        var values = json.Where(p => !derived.Contains(p.Key)).Select(p => new KeyValuePair<string, double>(p.Key, Number(json, p.Key)));
        return new EvaluationLogEntry(
            step, epoch, [.. values], (int)Math.Round(Number(json, prefix + "_samples_per_second") * seconds), (int)Math.Round(Number(json, prefix + "_steps_per_second") * seconds),
            TimeSpan.FromSeconds(seconds), prefix, tokens);
    }

    private static double Number(JsonObject json, string key) => json[key] is JsonValue value && value.TryGetValue<double>(out var number) ? number : double.NaN;
}
