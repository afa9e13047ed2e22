using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>What the reference draws from torch's global CPU generator beside the model's own draws.</summary>
internal static class GeneratorDraws
{
    /// <summary>A permutation, as <c>torch.randperm</c> draws it.</summary>
    internal static int[] Permutation(int count)
    {
        using var drawn = randperm(count, dtype: int64);
        return Array.ConvertAll(drawn.data<long>().ToArray(), i => (int)i);
    }

    /// <summary>One int64, as each new iterator of a DataLoader takes (its workers' base seed).</summary>
    internal static void LoaderSeed()
    {
        using var drawn = empty([], dtype: int64);
        // The bounds are doubles in TorchSharp; a range of 2^62 takes the same 64 bits from the generator.
        drawn.random_(0, 1L << 62);
    }
}
