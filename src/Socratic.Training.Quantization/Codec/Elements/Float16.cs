using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Socratic.Training.Quantization.Codec.Elements;

/// <summary>
/// float16. Vectors are converted with integers: reading shifts exponent and mantissa into place and multiplies by 2^112, which also makes subnormal numbers
/// normal; writing rebiases the exponent and rounds, and lets an addition to 0.5 round what becomes subnormal.
/// </summary>
internal readonly unsafe struct Float16(Half value) : IElement<Float16>
{
    private const float Rebias = 5.192297e33f; // 2^112
    private const uint Sign = 0x80000000;
    private const uint Infinity32 = 0x7F800000;
    private const uint Infinity16 = 0x7C00;
    private const uint NaN = 0x7E00;
    private const uint Half32 = 0x3F000000; // 0.5
    private const uint SmallestNormal = 0x38800000; // 2^-14
    private const uint TooLarge = 0x47800000; // 2^16
    private const uint Rebiased = 0xC8000FFF; // exponent - 112, and nearly half of the last place

    private readonly Half value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Read(Float16 stored) => (float)stored.value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Read128(Float16* stored)
    {
        var bits = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)stored).AsUInt16());
        var magnitude = ((bits & Vector128.Create(0x7FFFu)) << 13).AsSingle() * Vector128.Create(Rebias);
        var special = Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(65536f)).AsUInt32() & Vector128.Create(Infinity32);
        return (magnitude.AsUInt32() | special | ((bits & Vector128.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Read256(Float16* stored)
    {
        var bits = Avx2.ConvertToVector256Int32((ushort*)stored).AsUInt32();
        var magnitude = ((bits & Vector256.Create(0x7FFFu)) << 13).AsSingle() * Vector256.Create(Rebias);
        var special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(65536f)).AsUInt32() & Vector256.Create(Infinity32);
        return (magnitude.AsUInt32() | special | ((bits & Vector256.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Read512(Float16* stored)
    {
        var bits = Avx512F.ConvertToVector512UInt32(Vector256.Load((ushort*)stored));
        var magnitude = ((bits & Vector512.Create(0x7FFFu)) << 13).AsSingle() * Vector512.Create(Rebias);
        var special = Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(65536f)).AsUInt32() & Vector512.Create(Infinity32);
        return (magnitude.AsUInt32() | special | ((bits & Vector512.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float16 Round(float value) => new(float.IsNaN(value) ? BitConverter.UInt16BitsToHalf((ushort)NaN) : (Half)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Round(Vector128<float> values)
    {
        var bits = values.AsUInt32();
        var magnitude = bits & Vector128.Create(~Sign);
        var normal = (magnitude + Vector128.Create(Rebiased) + ((magnitude >> 13) & Vector128<uint>.One)) >> 13;
        var small = (magnitude.AsSingle() + Vector128.Create(0.5f)).AsUInt32() - Vector128.Create(Half32);
        var rounded = Vector128.ConditionalSelect(Vector128.LessThan(magnitude, Vector128.Create(SmallestNormal)), small, normal);
        rounded = Vector128.ConditionalSelect(Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(TooLarge)), Vector128.Create(Infinity16), rounded);
        rounded |= (bits & Vector128.Create(Sign)) >> 16;
        return Vector128.ConditionalSelect(Vector128.Equals(values, values).AsUInt32(), rounded, Vector128.Create(NaN));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Round(Vector512<float> values)
    {
        var bits = values.AsUInt32();
        var magnitude = bits & Vector512.Create(~Sign);
        var normal = (magnitude + Vector512.Create(Rebiased) + ((magnitude >> 13) & Vector512<uint>.One)) >> 13;
        var small = (magnitude.AsSingle() + Vector512.Create(0.5f)).AsUInt32() - Vector512.Create(Half32);
        var rounded = Vector512.ConditionalSelect(Vector512.LessThan(magnitude, Vector512.Create(SmallestNormal)), small, normal);
        rounded = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(TooLarge)), Vector512.Create(Infinity16), rounded);
        rounded |= (bits & Vector512.Create(Sign)) >> 16;
        return Vector512.ConditionalSelect(Vector512.Equals(values, values).AsUInt32(), rounded, Vector512.Create(NaN));
    }
}
