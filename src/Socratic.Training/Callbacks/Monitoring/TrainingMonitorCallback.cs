using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Socratic.Training.Callbacks;
using Socratic.Training.Callbacks.Monitoring;
using Socratic.Training.Diagnostics;

namespace Socratic.Training;

/// <summary>
/// Writes down a run in its output folder: <c>training_log.txt</c>, and in <c>training_progress</c> the table <c>training_metrics.csv</c>, the picture
/// <c>training_progress.png</c> and <c>training_summary.json</c>. A resumed run goes on with these files. A file that cannot be written is warned about, and the training goes on.
/// </summary>
/// <remarks>On an error the log holds dialogue text: the rows that failed and the last one that trained. It stays in this local file.</remarks>
public sealed class TrainingMonitorCallback : ICallback
{
    private readonly HashSet<string> warned = [];
    private ILogger logger = NullLogger.Instance;
    private TimeProvider time = TimeProvider.System;
    private RunFolder? files;
    private RunClock? clock;
    private int drawnAt;

    /// <summary>Updates between two pictures. One is drawn at the end as well.</summary>
    /// <value>Default: 100.</value>
    public int PlotEvery { get; init; } = 100;

    internal Func<MemoryFigures> Memory { get; init; } = MemoryFigures.Read;

    /// <inheritdoc/>
    public void OnInitEnd(in InitEndEvent e)
    {
        logger = (e.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger<TrainingMonitorCallback>();
        time = e.TimeProvider ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public void OnTrainBegin(in TrainBeginEvent e)
    {
        var (state, resumedFrom) = (e.State, e.ResumedFrom);
        files = new RunFolder(e.Options.OutputDirectory, time);
        clock = new RunClock(time, resumedFrom is null ? null : Path.GetFileName(Path.TrimEndingDirectorySeparator(resumedFrom)), state.GlobalStep);
        drawnAt = state.GlobalStep;
        Guarded(files.MetricsPath, () =>
        {
            if (resumedFrom is null) files.Begin();
            else if (files.Metrics.Resume(state.GlobalStep, state.LogHistory) is > 0 and var gone) Say(log => log.Info(Text($"{MetricsCsv.FileName}: {gone} lines past update {state.GlobalStep} taken out; they are trained again")));
        });
        Say(log => log.Info(resumedFrom is null
            ? Text($"Training begins: {state.MaxSteps} updates, {state.Epochs} epochs; model, data and options stand in {TrainingConfiguration.FileName}")
            : Text($"Training goes on from {clock.ResumedFrom}: update {state.GlobalStep} of {state.MaxSteps}, epoch {state.Epoch:0.##}")));
    }

    /// <inheritdoc/>
    public void OnStepEnd(in StepEndEvent e)
    {
        if (clock is not null) clock.Loop += e.Step.Duration;
    }

    /// <inheritdoc/>
    public void OnLog(in LogEvent e)
    {
        if (files is null) return;
        var (entry, state) = (e.Entry, e.State);
        Guarded(files.MetricsPath, () => files.Metrics.Add(entry, Memory()));
        Say(log => log.Info(RunLogText.Of(entry, state.MaxSteps)));
        // What an evaluation of the same update adds belongs into the picture too.
        var due = PlotEvery > 0 && entry.Step / PlotEvery > drawnAt / PlotEvery;
        if (due || (entry is EvaluationLogEntry && entry.Step == drawnAt && entry.Step > clock!.FirstStep)) Draw(state, entry.Step);
    }

    /// <inheritdoc/>
    public void OnSave(in SaveEvent e)
    {
        var directory = Path.GetFileName(Path.TrimEndingDirectorySeparator(e.Directory));
        Say(log => log.Info($"Checkpoint saved: {directory}"));
        Summarize(e.State, "running", null);
    }

    /// <inheritdoc/>
    public void OnMemoryReleased(in MemoryReleasedEvent e)
    {
        var (before, after) = (e.BytesBefore / 1e6, e.BytesAfter / 1e6);
        Say(log => log.Info(Text($"Memory given back: {before:0} MB before, {after:0} MB after")));
    }

    /// <inheritdoc/>
    public void OnTrainEnd(in TrainEndEvent e)
    {
        if (clock is null) return;
        var state = e.State;
        clock.Loop = e.LoopTime;
        Draw(state, state.GlobalStep);
        Summarize(state, state.GlobalStep >= state.MaxSteps ? "completed" : "stopped", null);
        Say(log => log.Info(Text($"Training ended after update {state.GlobalStep} of {state.MaxSteps}: {TimeSpan.FromSeconds(Math.Round(clock.Duration.TotalSeconds)):c}, of it in updates {clock.Loop.TotalSeconds:0.0} s")));
    }

    /// <inheritdoc/>
    public void OnError(in ErrorEvent e)
    {
        files ??= new RunFolder(e.Options.OutputDirectory, time);
        clock ??= new RunClock(time, null, e.State.GlobalStep);
        var error = e;
        Say(log => log.Error(error));
        Summarize(e.State, "failed", new RunFailure(e.Kind, e.Exception.Message, e.Time));
        if (e.State.LogHistory.Count > 0) Draw(e.State, e.State.GlobalStep);
    }

    private void Draw(TrainerState state, int step)
    {
        drawnAt = step;
        Guarded(files!.PlotPath, () => ProgressPlot.Write(files.PlotPath, ProgressCurves.Of(state)));
    }

    private void Summarize(TrainerState state, string status, RunFailure? error)
    {
        if (files is not null && clock is not null) Guarded(files.SummaryPath, () => RunSummary.Of(state, clock, status, HostMemory.Peak(), error).Write(files.SummaryPath));
    }

    private void Say(Action<RunLog> say)
    {
        if (files is not null) Guarded(files.LogPath, () => say(files.Log));
    }

    /// <summary>A file that shows a run must not end it, whatever is wrong: a full disk, a missing drawing library.</summary>
    private void Guarded(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e)
        {
            if (!warned.Add(path)) return;
            logger.MonitorFileFailed(e, path, e.Message);
            if (path != files!.LogPath) Say(log => log.Warning($"{path} could not be written: {e.Message}. The training goes on"));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
