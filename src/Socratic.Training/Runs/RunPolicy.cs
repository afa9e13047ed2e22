using Microsoft.Extensions.Logging;
using Socratic.Training.Checkpointing;

namespace Socratic.Training.Runs;

/// <summary>Looks at what stands in the output folder before anything is written, and decides how the run begins.</summary>
internal static class RunPolicy
{
    internal static RunStart Decide(RunContext run)
    {
        var search = run.Checkpoints.Find();
        return search.Newest is { } newest ? RunStart.From(newest.Directory) : RunStart.New;
    }
}

/// <summary>What the policy knows of the run that wants to begin.</summary>
internal sealed record RunContext(TrainingOptions Options, int MaxSteps, int Epochs, CheckpointManager Checkpoints, IConfirmation? Confirmation, ILogger Log);
