using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Socratic.Training.Quantization.Codec.Elements;

/// <summary>float32.</summary>
internal readonly unsafe struct Float32(float value) : IElement<Float32>
{
    private readonly float value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(Float32 stored) => stored.value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Read128(Float32* stored) => Vector128.Load((float*)stored);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Read256(Float32* stored) => Vector256.Load((float*)stored);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Read512(Float32* stored) => Vector512.Load((float*)stored);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float32 Round(float value) => new(float.IsNaN(value) ? float.NaN : value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Round(Vector128<float> values)
        => Vector128.ConditionalSelect(Vector128.Equals(values, values), values, Vector128.Create(float.NaN)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Round(Vector512<float> values)
        => Vector512.ConditionalSelect(Vector512.Equals(values, values), values, Vector512.Create(float.NaN)).AsUInt32();
}
