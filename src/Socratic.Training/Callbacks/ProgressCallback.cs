using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;

namespace Socratic.Training;

/// <summary>Reports each update to an <see cref="IProgress{T}"/>, for a progress bar. Reports are made on the training thread: keep them short.</summary>
public sealed class ProgressCallback : ICallback
{
    // Long enough to be steady, short enough to follow a change.
    private const int Window = 20;

    private readonly IProgress<TrainingProgress> progress;
    private readonly Queue<StepFigures> recent = new();
    private TimeProvider time = TimeProvider.System;
    private long start;
    private int firstStep;
    private double? loss;
    private TrainingProgress? awaitsLoss;

    /// <summary>Reports to <paramref name="progress"/>.</summary>
    public ProgressCallback(IProgress<TrainingProgress> progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        this.progress = progress;
    }

    internal Func<MemoryFigures> Memory { get; init; } = MemoryFigures.Read;

    /// <inheritdoc/>
    public void OnInitEnd(in InitEndEvent e) => time = e.TimeProvider ?? TimeProvider.System;

    /// <inheritdoc/>
    public void OnTrainBegin(in TrainBeginEvent e)
    {
        start = time.GetTimestamp();
        firstStep = e.State.GlobalStep;
        loss = e.State.LogHistory.OfType<TrainingLogEntry>().LastOrDefault()?.Loss;
        recent.Clear();
        awaitsLoss = null;
    }

    /// <inheritdoc/>
    public void OnLog(in LogEvent e)
    {
        if (e.Entry is not TrainingLogEntry entry) return;
        loss = entry.Loss;
        if (awaitsLoss is not { } progressed) return;
        awaitsLoss = null;
        progress.Report(progressed with { Loss = loss });
    }

    /// <inheritdoc/>
    public void OnStepEnd(in StepEndEvent e)
    {
        recent.Enqueue(e.Step);
        if (recent.Count > Window) recent.Dequeue();
        var memory = Memory();
        var state = e.State;
        var now = new TrainingProgress(
            state.GlobalStep, state.MaxSteps, state.Epoch, loss, e.Step.LearningRate, TokensPerSecond(), memory.HostBytes, memory.GpuBytes, TimeLeft(state));
        // The loss of this update is about to be logged: a report now would show the one before it.
        awaitsLoss = e.Control.ShouldLog ? now : null;
        if (awaitsLoss is null) progress.Report(now);
    }

    private double? TokensPerSecond()
    {
        var (tokens, seconds) = (0L, 0.0);
        foreach (var step in recent)
        {
            tokens += step.Tokens;
            seconds += step.Duration.TotalSeconds;
        }
        return tokens > 0 && seconds > 0 ? tokens / seconds : null;
    }

    private TimeSpan? TimeLeft(TrainerState state)
    {
        var done = state.GlobalStep - firstStep;
        return done > 0 ? time.GetElapsedTime(start) / done * (state.MaxSteps - state.GlobalStep) : null;
    }
}
