using Microsoft.Extensions.Logging;
using Socratic.Training.Checkpointing;
using Socratic.Training.Data.Sampling;
using Socratic.Training.Diagnostics;
using Socratic.Training.Files;
using Socratic.Training.Loop;
using Socratic.Training.Models;
using Socratic.Training.Optimization.Schedules;
using static TorchSharp.torch;

namespace Socratic.Training;

public abstract partial class Trainer<TBatch>
{
    private CheckpointManager? checkpoints;

    /// <summary>Writes, finds and rotates the checkpoints of the output folder.</summary>
    protected CheckpointManager Checkpoints => checkpoints ??= Services.Checkpoints
        ?? new CheckpointManager(Options.OutputDirectory, Options.SaveTotalLimit, Services.LoggerFactory.CreateLogger<CheckpointManager>());

    /// <summary>What is attached to the model: it is described in training_config.json.</summary>
    protected virtual IReadOnlyList<IModelArtifact> Artifacts => [];

    /// <summary>The model's name or folder, for training_config.json; null if it has none.</summary>
    protected virtual string? ModelName => null;

    /// <summary>Writes the model's files into a folder, each one whole or not at all: what a program that uses the model needs.</summary>
    /// <param name="directory">The folder; null takes the output folder.</param>
    public void SaveModel(string? directory = null)
        => FolderUpdate.Replace(directory ?? Options.OutputDirectory, writer => SaveModelFiles(writer.Directory));

    /// <summary>Writes the model's files into an existing folder.</summary>
    protected virtual void SaveModelFiles(string directory) => ModuleFiles.Save(module, directory);

    /// <summary>Reads the tensors of files written by <see cref="SaveModelFiles"/> back into the live model.</summary>
    protected virtual void LoadModelFiles(string directory) => ModuleFiles.Load(module, directory);

    private void SaveCheckpoint()
    {
        var step = State.GlobalStep;
        if (State.BestGlobalStep is { } best && (best == step || Directory.Exists(Checkpoints.PathOf(best)))) State.BestModelCheckpoint = Checkpoints.PathOf(best);
        var checkpoint = Checkpoints.Save(step, writer => CheckpointContent.Write(writer, SaveModelFiles, session!, CaptureState(), State), State.BestModelCheckpoint is null ? null : State.BestGlobalStep);
        events.Save(checkpoint.Directory);
    }

    private SessionState CaptureState() => new()
    {
        Position = session!.Position with { PendingEvaluation = session.Cancelled && Control.ShouldEvaluate },
        GlobalStep = State.GlobalStep,
        MaxSteps = State.MaxSteps,
        UpdatesPerEpoch = plan.UpdatesPerEpoch,
        MicroBatchesPerEpoch = plan.MicroBatchesPerEpoch,
        SkippedUpdates = State.SkippedUpdates,
        TokensSeen = State.TokensSeen,
        TotalFlops = State.TotalFlops,
        DataFingerprint = trainData.Fingerprint,
        Schedule = session.Schedule is IMetricSchedule metric ? new(metric.State) : null,
        Callbacks = CallbackMemories.Capture(events.Callbacks),
    };

    private TrainingSession StartSession(string? checkpoint, CancellationToken cancellation)
    {
        var (optimizer, schedule) = (CreateOptimizer(), CreateSchedule());
        Tensor? epochGenerator = null;
        if (checkpoint is null) manual_seed(Options.Seed);
        var saved = checkpoint is null ? null : Restore(new Checkpoint(0, checkpoint), optimizer, schedule, out epochGenerator);
        releasedAt = State.GlobalStep;
        session = new TrainingSession(
            plan, Options, trainData.Count, optimizer, schedule, Options.DryRun ? new LongestFirstSampler(trainData.LengthOf) : CreateSampler(), saved?.Position ?? LoopPosition.Start, State.GlobalStep, State.SkippedUpdates, epochGenerator, cancellation);
        return session;
    }

    private SessionState Restore(Checkpoint checkpoint, Optimization.IOptimizer optimizer, ILearningRateSchedule schedule, out Tensor? epochGenerator)
    {
        var saved = CheckpointContent.ReadState(checkpoint);
        CheckpointContent.CheckFits(checkpoint, saved, plan);
        if (saved.DataFingerprint is { } then && trainData.Fingerprint is { } now && then != now) Log.OtherData(checkpoint.Directory, then, now);
        LoadModelFiles(checkpoint.Directory);
        CheckpointContent.ReadOptimizer(checkpoint, optimizer);
        if (schedule is IMetricSchedule metric && saved.Schedule is { } memory) metric.LoadState(memory);
        CallbackMemories.Restore(events.Callbacks, saved.Callbacks);
        HistoryJson.Restore(State, TrainerStateFile.Read(checkpoint.PathOf(TrainerStateFile.FileName)));
        State.SkippedUpdates = saved.SkippedUpdates;
        State.TokensSeen = saved.TokensSeen;
        State.TotalFlops = saved.TotalFlops;
        epochGenerator = CheckpointContent.ReadGenerators(checkpoint);
        Log.Resumed(Path.GetFileName(checkpoint.Directory), State.GlobalStep, plan.MaxSteps);
        return saved;
    }

    /// <summary>An evaluation that was due when the run was cancelled is made before anything else.</summary>
    private void ActOnPending()
    {
        if (!session!.EvaluationIsPending) return;
        Control.ShouldEvaluate = Control.ShouldSave = true;
        Act();
    }
}
