namespace Socratic.Training.Loop;

/// <summary>
/// Where in the data a run stands, so that a resume goes on exactly there. Kept in every checkpoint.
/// </summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Windows">Accumulation windows of it that are done.</param>
/// <param name="EpochEnded">True if the end of that epoch was already said: evaluations and saves of its end are done.</param>
/// <param name="PendingEvaluation">An evaluation was due and not made (the run was cancelled in it).</param>
internal sealed record LoopPosition(int Epoch, int Windows, bool EpochEnded, bool PendingEvaluation = false)
{
    internal static LoopPosition Start { get; } = new(0, 0, false);
}
