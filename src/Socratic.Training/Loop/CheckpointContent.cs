using Socratic.Training.Checkpointing;
using Socratic.Training.Files;
using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>What lies in a checkpoint beside the model: optimizer and generator state in safetensors, HF's trainer_state.json, our own state.</summary>
internal static class CheckpointContent
{
    internal static void Write(FolderWriter writer, Action<string> saveModel, TrainingSession session, SessionState own, TrainerState state)
    {
        saveModel(writer.Directory);
        writer.WriteTensors(CheckpointFiles.Optimizer, session.Optimizer.StateTensors());
        using (var scope = NewDisposeScope())
        {
            writer.WriteTensors(CheckpointFiles.Random, Generators.Capture(session.EpochGenerator));
        }
        writer.WriteText(TrainerStateFile.FileName, HistoryJson.ToFile(state).Write());
        writer.WriteText(SessionState.FileName, own.ToJson());
    }

    internal static SessionState ReadState(Checkpoint checkpoint)
    {
        var path = checkpoint.PathOf(SessionState.FileName);
        if (!File.Exists(path))
            throw new InvalidDataException($"{checkpoint.Directory} has no {SessionState.FileName}: it was not written by this library, and optimizer and order cannot be restored from it.");
        return SessionState.Parse(File.ReadAllText(path), path);
    }

    /// <exception cref="InvalidDataException">The checkpoint is of a run cut into other windows.</exception>
    internal static void CheckFits(Checkpoint checkpoint, SessionState saved, RunPlan plan)
    {
        if (saved.UpdatesPerEpoch == plan.UpdatesPerEpoch && saved.MicroBatchesPerEpoch == plan.MicroBatchesPerEpoch) return;
        throw new InvalidDataException(
            $"{checkpoint.Directory} is of a run with {saved.UpdatesPerEpoch} updates of {saved.MicroBatchesPerEpoch} micro-batches an epoch; this run has {plan.UpdatesPerEpoch} of {plan.MicroBatchesPerEpoch}. "
            + "Use the same rows, batch size and accumulation, or start anew in another output folder.");
    }

    internal static void ReadOptimizer(Checkpoint checkpoint, IOptimizer optimizer)
    {
        using var scope = NewDisposeScope();
        optimizer.LoadState(checkpoint.ReadTensors(CheckpointFiles.Optimizer));
    }

    internal static Tensor? ReadGenerators(Checkpoint checkpoint)
    {
        using var scope = NewDisposeScope();
        return Generators.Restore(checkpoint.ReadTensors(CheckpointFiles.Random));
    }
}
