using System.Text.Json.Nodes;
using Socratic.Training.Checkpointing;
using Socratic.Training.Files;

namespace Socratic.Training.Runs;

/// <summary>What stands at the output folder's root beside the model's own files.</summary>
internal static class RunFiles
{
    /// <summary>A training begins: the folder no longer holds a complete run, and says with what options this one runs.</summary>
    public static void Begin(RunStart start, CheckpointManager checkpoints, string folder, JsonObject configuration)
    {
        Directory.CreateDirectory(folder);
        RunRecord.Delete(folder);
        if (start.Overwrites) checkpoints.Clear();
        AtomicFile.WriteText(Path.Combine(folder, TrainingConfiguration.FileName), SettingsJson.Text(configuration));
    }

    /// <summary>The final files are written: the run is complete.</summary>
    public static void Complete(string folder, TrainerState state, DateTimeOffset now)
        => new RunRecord { GlobalStep = state.GlobalStep, MaxSteps = state.MaxSteps, Epoch = state.Epoch, BestMetric = state.BestMetric, Completed = now }.Write(folder);
}
