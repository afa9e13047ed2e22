namespace Socratic.Training.Optimization;

/// <summary>bfloat16 as the upper half of a float, rounded to nearest, ties to even.</summary>
internal static class BFloat16Bits
{
    internal static float Round(float value) => ToSingle(FromSingle(value));

    internal static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    internal static ushort FromSingle(float value)
    {
        if (float.IsNaN(value)) return 0x7fc0;
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    internal static unsafe void Widen(ushort* source, float* target, int count)
    {
        for (var i = 0; i < count; i++) target[i] = ToSingle(source[i]);
    }

    internal static unsafe void Narrow(float* source, ushort* target, int count)
    {
        for (var i = 0; i < count; i++) target[i] = FromSingle(source[i]);
    }
}
