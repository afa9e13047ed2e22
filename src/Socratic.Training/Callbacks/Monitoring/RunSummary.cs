using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Socratic.Training.Files;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>training_summary.json: what came of a run, in one object with snake_case keys. Numbers that are not finite are written as text, as they are.</summary>
internal sealed record RunSummary
{
    public const string FileName = "training_summary.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>running, completed, stopped (before the last update) or failed.</summary>
    public required string Status { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>When this was written: the end of the run, unless it is still running or was killed.</summary>
    public required DateTimeOffset Written { get; init; }

    /// <summary>Of this training; what ran before a resume is not in it.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>Time in updates alone: no evaluation, no saving, no answers. Of this training.</summary>
    public required double TrainLoopSeconds { get; init; }

    public required string? ResumedFrom { get; init; }

    public required int FirstStep { get; init; }

    public required int Steps { get; init; }

    public required int MaxSteps { get; init; }

    public required double Epoch { get; init; }

    public required int Epochs { get; init; }

    /// <summary>The last loss that was logged.</summary>
    public required double? FinalLoss { get; init; }

    /// <summary>All micro-losses of this training over its updates; null until it has ended.</summary>
    public required double? TrainLoss { get; init; }

    /// <summary>The highest combined score.</summary>
    public required double? BestScore { get; init; }

    public required int? BestScoreStep { get; init; }

    /// <summary>The best value of the metric that chooses the best model.</summary>
    public required double? BestMetric { get; init; }

    public required IReadOnlyDictionary<string, double> LastEvaluation { get; init; }

    public required int SkippedUpdates { get; init; }

    public required long PeakHostMemoryBytes { get; init; }

    public required RunFailure? Error { get; init; }

    public static RunSummary Of(TrainerState state, RunClock clock, string status, long peakMemory, RunFailure? error)
    {
        var history = state.LogHistory;
        var evaluations = history.OfType<EvaluationLogEntry>().Where(e => e.Prefix == "eval").ToList();
        var best = ProgressCurves.Of(history).Combined.Best(highest: true);
        return new RunSummary
        {
            Status = status,
            Started = clock.Started,
            Written = clock.Now,
            DurationSeconds = clock.Duration.TotalSeconds,
            TrainLoopSeconds = clock.Loop.TotalSeconds,
            ResumedFrom = clock.ResumedFrom,
            FirstStep = clock.FirstStep,
            Steps = state.GlobalStep,
            MaxSteps = state.MaxSteps,
            Epoch = state.Epoch,
            Epochs = state.Epochs,
            FinalLoss = history.OfType<TrainingLogEntry>().LastOrDefault()?.Loss,
            TrainLoss = status == "running" ? null : history.OfType<SummaryLogEntry>().LastOrDefault()?.TrainLoss,
            BestScore = best?.Value,
            BestScoreStep = (int?)best?.Step,
            BestMetric = state.BestMetric,
            LastEvaluation = evaluations.LastOrDefault()?.Values.ToDictionary() ?? [],
            SkippedUpdates = state.SkippedUpdates,
            PeakHostMemoryBytes = peakMemory,
            Error = error,
        };
    }

    /// <summary>Writes the file, which appears whole.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.WriteText(path, JsonSerializer.Serialize(this, Json) + "\n");
    }
}

/// <summary>An error as the summary keeps it: no text of dialogues.</summary>
internal sealed record RunFailure(string Kind, string Message, DateTimeOffset Time);
