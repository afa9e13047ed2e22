using System.Runtime.Intrinsics;

namespace Socratic.Training.Quantization.Codec.Elements;

/// <summary>A floating-point number in memory: read exactly, written by one rounding to nearest even. Every NaN is written as one and the same.</summary>
internal unsafe interface IElement<TSelf> where TSelf : unmanaged, IElement<TSelf>
{
    static abstract float Read(TSelf stored);

    static abstract Vector128<float> Read128(TSelf* stored);

    /// <summary>Needs AVX2.</summary>
    static abstract Vector256<float> Read256(TSelf* stored);

    /// <summary>Needs AVX-512F.</summary>
    static abstract Vector512<float> Read512(TSelf* stored);

    static abstract TSelf Round(float value);

    /// <summary>The stored bits, each in the lower part of a lane.</summary>
    static abstract Vector128<uint> Round(Vector128<float> values);

    /// <summary>The stored bits, each in the lower part of a lane.</summary>
    static abstract Vector512<uint> Round(Vector512<float> values);
}
