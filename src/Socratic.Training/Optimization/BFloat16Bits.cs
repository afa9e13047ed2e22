using System.Numerics;

namespace Socratic.Training.Optimization;

/// <summary>bfloat16 as the upper half of a float, rounded to nearest, ties to even.</summary>
internal static unsafe class BFloat16Bits
{
    private const ushort QuietNaN = 0x7fc0;

    internal static float Round(float value) => ToSingle(FromSingle(value));

    internal static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    internal static ushort FromSingle(float value)
    {
        if (float.IsNaN(value)) return QuietNaN;
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    internal static void Widen(ushort* source, float* target, int count)
    {
        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= count - 2 * width; i += 2 * width)
        {
            Vector.Widen(Vector.Load(source + i), out var low, out var high);
            Vector.Store(Vector.AsVectorSingle(low << 16), target + i);
            Vector.Store(Vector.AsVectorSingle(high << 16), target + i + width);
        }
        for (; i < count; i++) target[i] = ToSingle(source[i]);
    }

    internal static void Narrow(float* source, ushort* target, int count)
    {
        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= count - 2 * width; i += 2 * width)
            Vector.Store(Vector.Narrow(UpperHalf(Vector.Load(source + i)), UpperHalf(Vector.Load(source + i + width))), target + i);
        for (; i < count; i++) target[i] = FromSingle(source[i]);
    }

    internal static void ScaleAndRound(float* values, float factor, int count)
    {
        var width = Vector<float>.Count;
        var by = new Vector<float>(factor);
        var i = 0;
        for (; i <= count - width; i += width) Vector.Store(Vector.AsVectorSingle(UpperHalf(Vector.Load(values + i) * by) << 16), values + i);
        for (; i < count; i++) values[i] = Round(values[i] * factor);
    }

    private static Vector<uint> UpperHalf(Vector<float> values)
    {
        var bits = Vector.AsVectorUInt32(values);
        var rounded = (bits + new Vector<uint>(0x7fff) + ((bits >> 16) & Vector<uint>.One)) >> 16;
        return Vector.ConditionalSelect(Vector.AsVectorUInt32(Vector.Equals(values, values)), rounded, new Vector<uint>(QuietNaN));
    }
}
