namespace Socratic.Training.Data.Sampling;

/// <summary>The rows in their own order.</summary>
public sealed class SequentialSampler : ISampler
{
    /// <inheritdoc/>
    public int[] Order(int epoch, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var order = new int[count];
        for (var i = 0; i < count; i++) order[i] = i;
        return order;
    }
}

/// <summary>
/// A new permutation each epoch: <c>torch.randperm</c> of a CPU generator seeded with seed + epoch, which is what accelerate's SeedableRandomSampler draws.
/// It depends on nothing else, so a resumed run finds the order again.
/// </summary>
/// <param name="seed">The data seed, or the run's.</param>
public sealed class RandomSampler(long seed) : ISampler
{
    /// <inheritdoc/>
    public int[] Order(int epoch, int count) => new MersenneTwister(seed + epoch).Permutation(count);
}
