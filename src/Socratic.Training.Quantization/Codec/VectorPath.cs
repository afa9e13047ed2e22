using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Socratic.Training.Quantization.Codec;

/// <summary>The ways in which the codec can compute, from the slowest to the fastest. Each gives the same bits.</summary>
internal enum VectorPath
{
    /// <summary>One weight after the other.</summary>
    Scalar,

    /// <summary>Portable vectors of 128 bits: also those of ARM.</summary>
    Vector128,

    /// <summary>256 bits.</summary>
    Avx2,

    /// <summary>512 bits, with AVX-512BW.</summary>
    Avx512,
}

/// <summary>Which ways this processor has.</summary>
internal static class VectorPaths
{
    public static IReadOnlyList<VectorPath> Available { get; } = [.. Enum.GetValues<VectorPath>().Where(IsSupported)];

    /// <summary>The one in use: the fastest, unless a test asks for another.</summary>
    public static VectorPath Current { get; set; } = Available[^1];

    private static bool IsSupported(VectorPath path) => path switch
    {
        VectorPath.Vector128 => Vector128.IsHardwareAccelerated,
        VectorPath.Avx2 => Avx2.IsSupported,
        VectorPath.Avx512 => Avx512BW.IsSupported,
        _ => true,
    };
}
