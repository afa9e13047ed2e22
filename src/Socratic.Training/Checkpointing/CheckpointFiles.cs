namespace Socratic.Training.Checkpointing;

/// <summary>The names of the files in a checkpoint that are the same for every model.</summary>
internal static class CheckpointFiles
{
    /// <summary>Moments and step of the optimizer, by parameter name.</summary>
    public const string Optimizer = "optimizer.safetensors";

    /// <summary>The state of the learning-rate schedule.</summary>
    public const string Scheduler = "scheduler.json";

    /// <summary>The states of the random generators.</summary>
    public const string Random = "rng_state.safetensors";

    /// <summary>Hugging Face's own keys.</summary>
    public const string TrainerState = TrainerStateFile.FileName;

    /// <summary>What Hugging Face's file has no key for.</summary>
    public const string OwnState = "socratic_state.json";

    /// <summary>Lengths and hashes of the others.</summary>
    public const string ManifestFile = Manifest.FileName;
}
