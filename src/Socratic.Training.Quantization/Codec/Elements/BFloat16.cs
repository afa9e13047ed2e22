using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Socratic.Training.Quantization.Codec.Elements;

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly unsafe struct BFloat16(ushort bits) : IElement<BFloat16>
{
    // The rounding would carry a NaN into the sign.
    private const ushort NaN = 0x7FC0;

    private readonly ushort bits = bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(BFloat16 stored) => BitConverter.UInt32BitsToSingle((uint)stored.bits << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Read128(BFloat16* stored) => (Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)stored).AsUInt16()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Read256(BFloat16* stored) => (Avx2.ConvertToVector256Int32((ushort*)stored) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Read512(BFloat16* stored) => (Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)stored)) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static BFloat16 Round(float value)
    {
        if (float.IsNaN(value)) return new(NaN);
        var full = BitConverter.SingleToUInt32Bits(value);
        return new((ushort)((full + 0x7FFF + ((full >> 16) & 1)) >> 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Round(Vector128<float> values)
    {
        var full = values.AsUInt32();
        var rounded = (full + Vector128.Create(0x7FFFu) + ((full >> 16) & Vector128<uint>.One)) >> 16;
        return Vector128.ConditionalSelect(Vector128.Equals(values, values).AsUInt32(), rounded, Vector128.Create((uint)NaN));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Round(Vector512<float> values)
    {
        var full = values.AsUInt32();
        var rounded = (full + Vector512.Create(0x7FFFu) + ((full >> 16) & Vector512<uint>.One)) >> 16;
        return Vector512.ConditionalSelect(Vector512.Equals(values, values).AsUInt32(), rounded, Vector512.Create((uint)NaN));
    }
}
