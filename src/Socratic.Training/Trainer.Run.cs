using System.Text.Json.Nodes;
using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;
using Socratic.Training.Runs;

namespace Socratic.Training;

public abstract partial class Trainer<TBatch>
{
    /// <summary>What stands in the output folder decides how the run begins; an explicit checkpoint skips that.</summary>
    private RunStart Begin(string? resumeFrom) => resumeFrom is null
        ? RunPolicy.Decide(new RunContext(Options, plan.MaxSteps, plan.Epochs, Checkpoints, Services.Confirmation, Log, Configuration()) { ModelKeys = [TrainingConfiguration.ModelKey, .. Artifacts.Select(a => a.ConfigurationSection)] })
        : RunStart.From(resumeFrom);

    private JsonObject Configuration() => TrainingConfiguration.Describe(Options with { Precision = ResolvedPrecision }, ModelName, trainData.DescribeConfiguration(), Artifacts, ModelDtype, Services.Configuration);

    private TrainingResult Finish()
    {
        var run = session!;
        var runtime = run.TotalTime.Elapsed;
        if (run.Cancelled)
        {
            events.TrainEnd(run.LoopTime.Elapsed);
            return new TrainingResult(TrainingOutcome.Stopped, State, run.Losses.Mean(State.GlobalStep)) { Evaluation = lastEvaluation };
        }
        var loss = run.Losses.Mean(State.GlobalStep);
        var share = (State.GlobalStep - run.FirstStep) / (double)Math.Max(plan.MaxSteps, 1);
        var rows = Options.MaxSteps is { } max ? (double)max * Options.TrainBatchSize * Options.GradientAccumulationSteps : trainData.Count * Options.Epochs;
        Report(new SummaryLogEntry(
            State.GlobalStep, State.Epoch, loss, runtime, rows * share / runtime.TotalSeconds, plan.MaxSteps * share / runtime.TotalSeconds, State.TotalFlops,
            Options.CountTokens == TokenCount.No ? null : State.TokensSeen));
        if (Options.LoadBestModelAtEnd && State.BestModelCheckpoint is { } checkpoint)
        {
            LoadModelFiles(checkpoint);
            Log.BestModelLoaded(checkpoint, Options.MetricForBestModel ?? "loss", State.BestMetric ?? double.NaN);
        }
        if (State.BestGlobalStep is { } best) Checkpoints.KeepOnlyBest(best);
        events.TrainEnd(run.LoopTime.Elapsed);
        SaveModel();
        RunFiles.Complete(Options.OutputDirectory, State, Services.TimeProvider.GetLocalNow());
        return new TrainingResult(TrainingOutcome.Completed, State, loss) { Evaluation = lastEvaluation };
    }

    private void ReportError(Exception error)
    {
        var rows = current?.Rows.SelectMany(r => r).ToArray() ?? [];
        var e = new ErrorEvent(
            State, Options, error, Services.TimeProvider.GetLocalNow(), rows, lastTrained is { Length: > 0 } ? trainData.Describe(lastTrained[^1]) : null, rows.Length > 0 ? trainData.Describe(rows[0]) : null);
        Log.TrainingFailed(error, State.GlobalStep, e.Kind);
        events.Error(e, (callback, inner) => Log.CallbackFailedOnError(inner, callback.GetType().Name));
    }
}
