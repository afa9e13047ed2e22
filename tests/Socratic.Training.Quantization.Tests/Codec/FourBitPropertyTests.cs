using CsCheck;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>Any shape, layout and content, by every way that this processor has, against <see cref="Definition"/>.</summary>
public sealed class FourBitPropertyTests
{
    private static readonly ScalarType[] Dtypes = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16];

    private static readonly Gen<(QuantizationType Type, int Block, ScalarType Dtype)> Kinds =
        Gen.Select(Gen.Enum<QuantizationType>(), Gen.Int[5, 12].Select(p => 1 << p), Gen.Int[0, 2].Select(i => Dtypes[i]));

    private static readonly float[] Odd = [0, -0f, 1e-40f, -1e-44f, 3e38f, 65504, float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    // Ordinary numbers, and now and then one that is not.
    private static readonly Gen<float> Weights = Gen.Frequency(
        (20, Gen.Float[-1, 1]),
        (1, Gen.Int[0, Odd.Length - 1].Select(i => Odd[i])),
        (1, Gen.Single));

    [Fact]
    public void Any_rows_and_columns() => Gen.Select(Kinds, Gen.Int[1, 40], Gen.Int[1, 150], Gen.Int).Sample(
        (kind, rows, columns, seed) => Compare(kind, Definition.Tensor(Content(seed, rows * columns), kind.Dtype, rows, columns)), iter: 300, threads: 1);

    [Fact]
    public void Any_view_of_a_larger_tensor() => Gen.Select(Kinds, Gen.Int[1, 20], Gen.Int[1, 100], Gen.Int[0, 3], Gen.Int).Sample(
        (kind, rows, columns, skip, seed) =>
        {
            using var scope = NewDisposeScope();
            var whole = Definition.Tensor(Content(seed, (rows + 3) * (columns + 3)), kind.Dtype, rows + 3, columns + 3);
            Compare(kind, whole.flatten().narrow(0, skip, rows * columns));
            Compare(kind, whole.narrow(0, skip, rows));
            Compare(kind, whole.narrow(1, skip, columns));
            Compare(kind, whole.t());
        }, iter: 60, threads: 1);

    [Fact]
    public void Any_content() => Gen.Select(Kinds, Weights.Array[0, 400]).Sample(
        (kind, weights) => Compare(kind, Definition.Tensor(weights, kind.Dtype, weights.Length)), iter: 200, threads: 1);

    [Theory, InlineData(QuantizationType.NF4), InlineData(QuantizationType.FP4)]
    public void Numbers_around_every_threshold_at_any_scale(QuantizationType type)
    {
        var book = CodeBook.Of(type);
        foreach (var scale in new[] { 1f, 0.5f, 3f, 0.0371f, 1e-30f, 7e-39f, 2e38f, float.MaxValue })
        {
            var near = book.Thresholds.SelectMany(t => new[] { t * scale, -t * scale }).SelectMany(t => new[] { t, MathF.BitIncrement(t), MathF.BitDecrement(t) }).Append(0).Append(-0f);
            var weights = near.Chunk(31).SelectMany(part => part.Prepend(scale)).ToArray();
            using var scope = NewDisposeScope();
            Compare((type, 32, ScalarType.Float32), Definition.Tensor(weights, ScalarType.Float32, weights.Length));
        }
    }

    [Theory, InlineData(QuantizationType.NF4), InlineData(QuantizationType.FP4)]
    public void Every_16_bit_number(QuantizationType type)
    {
        foreach (var dtype in new[] { ScalarType.BFloat16, ScalarType.Float16 })
        {
            using var scope = NewDisposeScope();
            var all = empty([65536], dtype);
            for (var i = 0; i < 65536; i++) BitConverter.TryWriteBytes(all.bytes[(2 * i)..], (ushort)i);
            Compare((type, 64, dtype), all);
            Compare((type, 64, dtype), all.reshape(256, 256).t());
        }
    }

    [Theory, InlineData(QuantizationType.NF4), InlineData(QuantizationType.FP4)]
    public void Every_byte_at_any_scale(QuantizationType type) => EveryPath.Run(() =>
    {
        float[] scales = [1, -1, 0, -0f, 1e-45f, 1e-39f, 1.1754944e-38f, 6e-8f, 65504, 65520, 1e30f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0.1f, 0.7234f];
        foreach (var dtype in Dtypes)
        {
            using var scope = NewDisposeScope();
            var bytes = Enumerable.Repeat(Enumerable.Range(0, 256).Select(b => (byte)b), scales.Length).SelectMany(b => b).ToArray();
            using var quantized = new QuantizedTensor(tensor(bytes).clone(), tensor(scales).clone(), null, type, 512, dtype, [scales.Length, 512]);
            var expected = Definition.Dequantize(bytes, scales, type, 512, 512 * scales.Length);
            GoldenData.Equal(Definition.Tensor(expected, dtype, scales.Length, 512), quantized.Dequantize(dtype), $"{type} {dtype}");
        }
    });

    [Fact]
    public void Many_weights_are_written_past_the_caches_to_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using var quantized = QuantizedTensor.Quantize(randn((8 << 20) + 77), new QuantizationOptions());
        foreach (var dtype in Dtypes)
        {
            Tensor? first = null;
            EveryPath.Run(() =>
            {
                var weights = quantized.Dequantize(dtype);
                first ??= weights;
                Assert.True(first.bytes.SequenceEqual(weights.bytes), $"weights in {dtype}");
                // A buffer that begins anywhere is written in the ordinary way.
                var odd = empty(quantized.Count + 1, dtype).narrow(0, 1, quantized.Count);
                quantized.Dequantize(odd);
                Assert.True(first.bytes.SequenceEqual(odd.bytes), $"weights in {dtype}, not aligned");
            });
        }
    }

    private static float[] Content(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * random.NextDouble()))];
    }

    private static void Compare((QuantizationType Type, int Block, ScalarType Dtype) kind, Tensor source) => EveryPath.Run(() =>
    {
        using var scope = NewDisposeScope();
        var (packed, absmax) = Definition.Quantize(Definition.Floats(source), kind.Type, kind.Block);
        var options = new QuantizationOptions { Type = kind.Type, BlockSize = kind.Block, DoubleQuantization = false };
        using var plain = QuantizedTensor.Quantize(source, options);
        GoldenData.Equal(tensor(packed).reshape(-1, 1), plain.Packed, "packed");
        GoldenData.Equal(tensor(absmax), plain.Absmax, "absmax");
        Assert.Equal(source.shape, plain.Shape);
        CompareWeights(plain, packed, absmax);

        using var nested = QuantizedTensor.Quantize(source, options with { DoubleQuantization = true });
        GoldenData.Equal(plain.Packed, nested.Packed, "packed beside nested scales");
        CompareWeights(nested, packed, Definition.Floats(nested.RestoredScales()));
    });

    private static void CompareWeights(QuantizedTensor quantized, byte[] packed, float[] scales)
    {
        var expected = Definition.Dequantize(packed, scales, quantized.Type, quantized.BlockSize, (int)quantized.Count);
        foreach (var dtype in Dtypes) GoldenData.Equal(Definition.Tensor(expected, dtype, quantized.Shape), quantized.Dequantize(dtype), $"weights in {dtype}");
    }
}
