using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Quantizing;

/// <summary>Finds the ranks of 32 weights (<see cref="CodeBook"/>) with vectors of some width.</summary>
internal unsafe interface IRanks
{
    /// <param name="weights">32 weights.</param>
    /// <param name="reciprocal">Of their block's scale.</param>
    /// <param name="book">The thresholds.</param>
    /// <param name="ranks">Gets 32 ranks, one a byte.</param>
    static abstract void Find<T>(T* weights, float reciprocal, in BookView book, byte* ranks) where T : unmanaged, IElement<T>;
}

/// <summary>A code book as kernels see it.</summary>
internal unsafe readonly struct BookView(CodeBook book, float* thresholds)
{
    /// <summary>15 thresholds; where there are fewer, infinities follow, which nothing exceeds.</summary>
    public readonly float* Thresholds = thresholds;

    public readonly int Count = book.Thresholds.Length;

    public readonly bool IsSigned = book.IsSigned;
}
