namespace Socratic.Training;

/// <summary>Where a micro-batch stands in the run.</summary>
/// <param name="GlobalStep">Updates finished before this one.</param>
/// <param name="MicroBatch">Its number in the accumulation window, from 0.</param>
/// <param name="MicroBatches">The micro-batches there are in this window; the last window of an epoch may have fewer than asked for.</param>
/// <param name="TargetCount">The targets of the whole window, N: a summed loss is divided by it.</param>
public readonly record struct StepContext(int GlobalStep, int MicroBatch, int MicroBatches, long TargetCount)
{
    /// <summary>True for the micro-batch after which the update is made.</summary>
    public bool IsLastOfWindow => MicroBatch == MicroBatches - 1;
}
