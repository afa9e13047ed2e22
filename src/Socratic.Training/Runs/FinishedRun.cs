using Socratic.Training.Models;

namespace Socratic.Training.Runs;

/// <summary>What stands at the output folder's root after a complete training, beside the model's own files.</summary>
internal static class FinishedRun
{
    internal static void Write(TrainingOptions options, TrainerState state, IReadOnlyList<IModelArtifact> artifacts, string? modelName)
    {
    }
}
