using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Socratic.Training.Checkpointing;

namespace Socratic.Training.Runs;

/// <summary>What the policy knows of the run that wants to begin.</summary>
/// <param name="Options">Its options.</param>
/// <param name="MaxSteps">Its updates.</param>
/// <param name="Epochs">Its epochs, rounded up.</param>
/// <param name="Checkpoints">Looks through the output folder.</param>
/// <param name="Confirmation">Asks the person present; null where nobody is.</param>
/// <param name="Log">Told of what is found and decided.</param>
/// <param name="Configuration">What its training_config.json would say.</param>
internal sealed record RunContext(
    TrainingOptions Options, int MaxSteps, int Epochs, CheckpointManager Checkpoints, IConfirmation? Confirmation, ILogger Log, JsonObject Configuration)
{
    /// <summary>The output folder's full path.</summary>
    public string Folder { get; } = Path.GetFullPath(Options.OutputDirectory);

    /// <summary>The keys of <see cref="Configuration"/> that say what is trained: the model, and what is attached to it.</summary>
    public IReadOnlyList<string> ModelKeys { get; init; } = [];

    /// <summary>Where the run is to end, in epochs.</summary>
    public double TargetEpoch => Options.MaxSteps is null ? Options.Epochs : Epochs;
}
