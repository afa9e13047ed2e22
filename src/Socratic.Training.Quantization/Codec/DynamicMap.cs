namespace Socratic.Training.Quantization.Codec;

/// <summary>
/// The 256 values of bitsandbytes' 8-bit dynamic data type (arXiv 2110.02861): for each power of ten from 1e-6 to 1, midpoints of an ever finer even division of
/// [0.1, 1]; besides them 0 and 1.
/// </summary>
internal sealed class DynamicMap
{
    /// <summary>Sign, exponent and five bits of the mantissa stay.</summary>
    public const int StartShift = 18;

    private DynamicMap(float[] values)
    {
        Values = values;
        Thresholds = ThresholdsOf(values);
        Starts = new byte[1 << (32 - StartShift)];
        for (var kind = 0u; kind < Starts.Length; kind++)
        {
            var (nearest, farthest) = (kind << StartShift, kind << StartShift | (1u << StartShift) - 1);
            var (smallest, largest) = (int)nearest < 0 ? (Count(farthest), Count(nearest)) : (Count(nearest), Count(farthest));
            Starts[kind] = (byte)smallest;
            Steps = Math.Max(Steps, largest - smallest);
        }
    }

    /// <summary>With negative values: of scales less their mean, and of first moments.</summary>
    public static DynamicMap Signed { get; } = new(Build(DynamicMapValues.Signed, signed: true));

    /// <summary>Zero and positive values: of second moments.</summary>
    public static DynamicMap Unsigned { get; } = new(Build(DynamicMapValues.Unsigned, signed: false));

    /// <summary>The values in ascending order.</summary>
    public float[] Values { get; }

    /// <summary>
    /// The code of x is the number of these below it (x &gt; t; NaN has code 0): the nearest value, where one midway between two goes to the even index. So
    /// above an odd index stands the number just below the midpoint. Infinities follow, which nothing exceeds.
    /// </summary>
    public float[] Thresholds { get; }

    /// <summary>The code of the smallest number of each kind, by the upper bits of its float32 (<see cref="StartShift"/>): the search begins there.</summary>
    public byte[] Starts { get; }

    /// <summary>How many thresholds one kind of number can hold.</summary>
    public int Steps { get; }

    private static float[] ThresholdsOf(float[] values)
    {
        var thresholds = new float[2 * values.Length];
        Array.Fill(thresholds, float.PositiveInfinity);
        for (var i = 0; i + 1 < values.Length; i++)
        {
            var middle = (values[i] + values[i + 1]) * 0.5f;
            thresholds[i] = i % 2 == 0 ? middle : MathF.BitDecrement(middle);
        }
        return thresholds;
    }

    private int Count(uint bits)
    {
        var x = BitConverter.UInt32BitsToSingle(bits);
        return Thresholds.Count(t => x > t);
    }

    private static float[] Build(ReadOnlySpan<uint> positive, bool signed)
    {
        var values = new List<float> { 0, 1 };
        foreach (var bits in positive)
        {
            var value = BitConverter.UInt32BitsToSingle(bits);
            values.Add(value);
            if (signed) values.Add(-value);
        }
        values.Sort();
        return [.. values];
    }
}
