using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>
/// The rules once more, as plainly as they can be said, one element after the other over lists: what the property tests compare with. It shares no line with the
/// product but the tables, which the reference values cover.
/// </summary>
internal static class Definition
{
    private static readonly float[] Nf4Thresholds = Quantization.Codec.CodeBook.Nf4.Thresholds;
    private static readonly float[] Fp4Thresholds = Quantization.Codec.CodeBook.Fp4.Thresholds;
    private static readonly int[] Fp4Codes = [0, 1, 6, 7, 4, 5, 2, 3];

    public static (byte[] Packed, float[] Absmax) Quantize(float[] weights, QuantizationType type, int blockSize)
    {
        var codes = new List<int>();
        var absmax = new List<float>();
        foreach (var block in weights.Chunk(blockSize))
        {
            absmax.Add(block.Where(w => !float.IsNaN(w)).Select(MathF.Abs).DefaultIfEmpty(0).Max());
            var reciprocal = 1 / absmax[^1];
            codes.AddRange(block.Select(w => float.IsFinite(reciprocal) ? Code(w * reciprocal, type) : Zero(type)));
        }
        if (codes.Count % 2 != 0) codes.Add(Zero(type));
        return ([.. codes.Chunk(2).Select(pair => (byte)(pair[0] * 16 + pair[1]))], [.. absmax]);
    }

    public static float[] Dequantize(byte[] packed, float[] absmax, QuantizationType type, int blockSize, int count)
    {
        var values = type == QuantizationType.NF4 ? Quantization.Codec.CodeBook.Nf4.Values : Quantization.Codec.CodeBook.Fp4.Values;
        return [.. Enumerable.Range(0, count).Select(i => values[i % 2 == 0 ? packed[i / 2] / 16 : packed[i / 2] % 16] * absmax[i / blockSize])];
    }

    public static int Code(float x, QuantizationType type) => type == QuantizationType.NF4
        ? Nf4Thresholds.Count(t => x > t)
        : Fp4Codes[Fp4Thresholds.Count(t => MathF.Abs(x) > t)] + (x < 0 ? 8 : 0);

    /// <summary>Rounded once, by torch.</summary>
    public static Tensor Tensor(float[] values, ScalarType dtype, params long[] shape) => tensor(values).to(dtype).reshape(shape).clone();

    public static float[] Floats(Tensor values) => values.to(ScalarType.Float32).contiguous().data<float>().ToArray();

    private static int Zero(QuantizationType type) => type == QuantizationType.NF4 ? 7 : 0;
}
