namespace Socratic.Training.Data.Sampling;

/// <summary>Where a run stands in its data: what a checkpoint keeps. The order itself is found again from the sampler.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="MicroBatch">The next micro-batch of the epoch.</param>
internal readonly record struct SamplerPosition(int Epoch, int MicroBatch)
{
    /// <summary>The position after some updates: whole epochs, then whole windows of the epoch that is under way.</summary>
    /// <param name="updates">Finished updates.</param>
    /// <param name="updatesPerEpoch">Updates an epoch.</param>
    /// <param name="accumulation">Micro-batches in a full window.</param>
    public static SamplerPosition After(long updates, long updatesPerEpoch, int accumulation)
        => new((int)(updates / updatesPerEpoch), (int)(updates % updatesPerEpoch) * accumulation);
}
