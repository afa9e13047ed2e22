using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>What the reference draws from torch's global CPU generator beside the model's own draws.</summary>
internal static class GeneratorDraws
{
    /// <summary>One int64, as each new iterator of a DataLoader takes (its workers' base seed).</summary>
    internal static void LoaderSeed()
    {
        using var drawn = empty([], dtype: int64);
        // The bounds are doubles in TorchSharp; a range of 2^62 takes the same 64 bits from the generator.
        drawn.random_(0, 1L << 62);
    }
}
