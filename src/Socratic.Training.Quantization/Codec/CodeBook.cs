namespace Socratic.Training.Quantization.Codec;

/// <summary>
/// The 16 values of a type and the thresholds between them. The rank of a scaled weight x is the number of thresholds below it (x &gt; t, ties go down; NaN has
/// rank 0); FP4 takes |x| for x there, and 8 more when x &lt; 0. The code is <see cref="Codes"/>[rank].
/// </summary>
/// <remarks>
/// The thresholds are those of bitsandbytes' CUDA kernels, as bits: they are no exact midpoints of the values, and some are exact ties once written in decimal
/// and read through a double.
/// </remarks>
internal sealed class CodeBook
{
    private CodeBook(QuantizationType type, uint[] values, uint[] thresholds, byte[] codes, byte zero)
    {
        Type = type;
        Values = Array.ConvertAll(values, BitConverter.UInt32BitsToSingle);
        Thresholds = Array.ConvertAll(thresholds, BitConverter.UInt32BitsToSingle);
        PaddedThresholds = [.. Thresholds, .. Enumerable.Repeat(float.PositiveInfinity, 16 - Thresholds.Length)];
        Codes = codes;
        Zero = zero;
    }

    public static CodeBook Nf4 { get; } = new(
        QuantizationType.NF4,
        [
            0xBF800000, 0xBF3239B1, 0xBF066B30, 0xBECA32A0, 0xBE91A24D, 0xBE3D353F, 0xBDBA7871, 0x00000000,
            0x3DA2FAFF, 0x3E24CAE3, 0x3E7C04DD, 0x3EAD033A, 0x3EE1A4B8, 0x3F1007AB, 0x3F3913B3, 0x3F800000,
        ],
        [
            0xBF591CD9, 0xBF1C5270, 0xBEEB8480, 0xBEADEA76, 0xBE703CEC, 0xBE0D38BC, 0xBD3A7871, 0x3D22FAFF,
            0x3DF64863, 0x3E5067E0, 0x3E9582D4, 0x3EC753F9, 0x3F006D03, 0x3F248DAF, 0x3F5C89D9,
        ],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        zero: 7);

    public static CodeBook Fp4 { get; } = new(
        QuantizationType.FP4,
        [
            0x00000000, 0x3BAAAAAB, 0x3F2AAAAB, 0x3F800000, 0x3EAAAAAB, 0x3F000000, 0x3E2AAAAB, 0x3E800000,
            0x80000000, 0xBBAAAAAB, 0xBF2AAAAB, 0xBF800000, 0xBEAAAAAB, 0xBF000000, 0xBE2AAAAB, 0xBE800000,
        ],
        [0x3B2AAAB9, 0x3DB00000, 0x3E555555, 0x3E955555, 0x3ED55556, 0x3F155550, 0x3F555555],
        [0, 1, 6, 7, 4, 5, 2, 3, 8, 9, 14, 15, 12, 13, 10, 11],
        zero: 0);

    public QuantizationType Type { get; }

    /// <summary>True if the sign is a bit of its own and thresholds are met by magnitudes.</summary>
    public bool IsSigned => Type == QuantizationType.FP4;

    /// <summary>What each of the 16 codes stands for.</summary>
    public float[] Values { get; }

    public float[] Thresholds { get; }

    /// <summary>16 thresholds: infinities follow, which nothing exceeds.</summary>
    public float[] PaddedThresholds { get; }

    /// <summary>The code of each of 16 ranks.</summary>
    public byte[] Codes { get; }

    /// <summary>The code of +0: blocks without a scale and the half byte after an odd number of weights have it.</summary>
    public byte Zero { get; }

    public static CodeBook Of(QuantizationType type) => type switch
    {
        QuantizationType.NF4 => Nf4,
        QuantizationType.FP4 => Fp4,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "There are NF4 and FP4."),
    };

    /// <summary>The code of a scaled weight.</summary>
    public int CodeOf(float x)
    {
        var met = IsSigned ? MathF.Abs(x) : x;
        var rank = IsSigned && x < 0 ? 8 : 0;
        foreach (var threshold in Thresholds) rank += met > threshold ? 1 : 0;
        return Codes[rank];
    }
}
