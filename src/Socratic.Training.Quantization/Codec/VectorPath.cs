
namespace Socratic.Training.Quantization.Codec;

/// <summary>The ways in which the codec can compute. Each gives the same bits.</summary>
internal enum VectorPath
{
    Scalar,
}

/// <summary>Which ways this processor has.</summary>
internal static class VectorPaths
{
    /// <summary>From the slowest to the fastest.</summary>
    public static IReadOnlyList<VectorPath> Available { get; } = [VectorPath.Scalar];

    /// <summary>The one in use: the fastest, unless a test asks for another.</summary>
    public static VectorPath Current { get; set; } = Available[^1];
}
