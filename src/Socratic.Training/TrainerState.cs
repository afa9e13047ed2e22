using Socratic.Training.Callbacks;

namespace Socratic.Training;

/// <summary>Where a run stands. Written by the trainer only.</summary>
public sealed class TrainerState
{
    private readonly List<LogEntry> logHistory = [];

    /// <summary>Updates finished.</summary>
    public int GlobalStep { get; internal set; }

    /// <summary>Updates of the whole run.</summary>
    public int MaxSteps { get; internal set; }

    /// <summary>Epochs finished, with the share of the current one.</summary>
    public double Epoch { get; internal set; }

    /// <summary>Epochs of the whole run, rounded up.</summary>
    public int Epochs { get; internal set; }

    /// <summary>Updates between two logs.</summary>
    public int LoggingSteps { get; internal set; }

    /// <summary>Updates between two evaluations.</summary>
    public int EvaluationSteps { get; internal set; }

    /// <summary>Updates between two checkpoints.</summary>
    public int SaveSteps { get; internal set; }

    /// <summary>Rows of a micro-batch.</summary>
    public int TrainBatchSize { get; internal set; }

    /// <summary>Tokens that went into training micro-batches, as <see cref="TrainingOptions.CountTokens"/> counts them.</summary>
    public long TokensSeen { get; internal set; }

    /// <summary>Floating point operations, estimated as 6 x tokens x parameters that are no embedding (the reference's estimate).</summary>
    public double TotalFlops { get; internal set; }

    /// <summary>The best value of the metric that chooses the best model, or null before the first evaluation.</summary>
    public double? BestMetric { get; internal set; }

    /// <summary>The update after which the best value was seen; kept only with a save strategy.</summary>
    public int? BestGlobalStep { get; internal set; }

    /// <summary>The folder of the best checkpoint, once it is saved.</summary>
    public string? BestModelCheckpoint { get; internal set; }

    /// <summary>Updates left out because a loss or gradient was not finite.</summary>
    public int SkippedUpdates { get; internal set; }

    /// <summary>Everything logged so far, in order, also before a resume.</summary>
    public IReadOnlyList<LogEntry> LogHistory => logHistory;

    internal void AddLog(LogEntry entry) => logHistory.Add(entry);

    internal void RestoreLogs(IEnumerable<LogEntry> entries)
    {
        logHistory.Clear();
        logHistory.AddRange(entries);
    }
}
