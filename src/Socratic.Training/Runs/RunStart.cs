namespace Socratic.Training.Runs;

/// <summary>How a run begins: anew, from a checkpoint, or not at all.</summary>
/// <param name="Checkpoint">The checkpoint's folder, or null to begin anew.</param>
/// <param name="EndsHere">Set where nothing is to be done.</param>
/// <param name="Overwrites">Whether the checkpoints there go, once the run has begun.</param>
internal sealed record RunStart(string? Checkpoint, TrainingOutcome? EndsHere, bool Overwrites = false)
{
    internal static RunStart New { get; } = new(null, null);

    internal static RunStart Over { get; } = new(null, null, Overwrites: true);

    internal static RunStart From(string checkpoint) => new(checkpoint, null);

    internal static RunStart Ends(TrainingOutcome outcome) => new(null, outcome);
}
