using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Socratic.Training.Checkpointing;
using Socratic.Training.Diagnostics;
using Socratic.Training.Runs;

namespace Socratic.Training;

/// <summary>What a host can provide to a trainer; every member has a default.</summary>
public sealed class TrainerServices
{
    /// <summary>Where the library logs to.</summary>
    /// <value>Default: nowhere.</value>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Writes, finds and rotates checkpoints. Null makes one for the output folder and the limit of the options.</summary>
    public CheckpointManager? Checkpoints { get; init; }

    /// <summary>Asks the person present before something is overwritten. Null takes it that nobody is there.</summary>
    public IConfirmation? Confirmation { get; init; }

    /// <summary>Gives memory back to the system.</summary>
    /// <value>Default: one that logs to <see cref="LoggerFactory"/>.</value>
    public MemoryReleaser MemoryReleaser
    {
        get => field ??= new MemoryReleaser(LoggerFactory);
        init;
    }

    /// <summary>Sections of the host's own for training_config.json, by their keys, so that the file tells all that was chosen for the run. Null adds none.</summary>
    public JsonObject? Configuration { get; init; }

    /// <summary>Makes optimizers that this package does not have, such as <see cref="OptimizerKind.AdamW8Bit"/>. Null leaves it to the package.</summary>
    public IOptimizerFactory? OptimizerFactory { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
