namespace Socratic.Training.Checkpointing;

/// <summary>What a look through the output folder found.</summary>
/// <param name="Newest">The checkpoint of the highest step that verifies, or null.</param>
/// <param name="Rejected">The checkpoints of higher steps (all, where none verifies) with what is wrong with them, the highest step first.</param>
/// <param name="Leftovers">Folders that an interrupted save or deletion left behind: never read, safe to delete.</param>
public sealed record CheckpointSearch(Checkpoint? Newest, IReadOnlyList<RejectedCheckpoint> Rejected, IReadOnlyList<string> Leftovers);

/// <summary>A checkpoint that cannot be resumed from.</summary>
/// <param name="Checkpoint">The checkpoint.</param>
/// <param name="Problem">What is wrong: a missing file, another length, another SHA-256, no manifest.</param>
/// <param name="HasManifest">False for a folder that was not written here, by another library say.</param>
public sealed record RejectedCheckpoint(Checkpoint Checkpoint, string Problem, bool HasManifest);
