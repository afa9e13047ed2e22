namespace Socratic.Training.Quantization.Codec;

/// <summary>
/// The 256 values of bitsandbytes' 8-bit dynamic data type (arXiv 2110.02861): for each power of ten from 1e-6 to 1, midpoints of an ever finer even division of
/// [0.1, 1]; besides them 0 and 1.
/// </summary>
internal sealed class DynamicMap
{
    private DynamicMap(float[] values)
    {
        Values = values;
        Thresholds = ThresholdsOf(values);
    }

    /// <summary>With negative values: of scales less their mean, and of first moments.</summary>
    public static DynamicMap Signed { get; } = new(Build(DynamicMapValues.Signed, signed: true));

    /// <summary>Zero and positive values: of second moments.</summary>
    public static DynamicMap Unsigned { get; } = new(Build(DynamicMapValues.Unsigned, signed: false));

    /// <summary>The values in ascending order.</summary>
    public float[] Values { get; }

    /// <summary>
    /// The code of x is the number of these below it (x &gt; t; NaN has code 0): the nearest value, where one midway between two goes to the even index. So
    /// above an odd index stands the number just below the midpoint.
    /// </summary>
    public float[] Thresholds { get; }

    /// <summary>The map with these values, which may be a file's own.</summary>
    public static DynamicMap Of(ReadOnlySpan<float> values)
    {
        if (values.Length != 256) throw new ArgumentException($"An 8-bit map has 256 values, not {values.Length}.", nameof(values));
        return values.SequenceEqual(Signed.Values) ? Signed : new DynamicMap(values.ToArray());
    }

    private static float[] ThresholdsOf(float[] values)
    {
        var thresholds = new float[255];
        for (var i = 0; i < thresholds.Length; i++)
        {
            var middle = (values[i] + values[i + 1]) * 0.5f;
            thresholds[i] = i % 2 == 0 ? middle : MathF.BitDecrement(middle);
        }
        return thresholds;
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
