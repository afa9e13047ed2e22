using CsCheck;
using Socratic.Training.Quantization.Codec;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>The 8-bit data type against its rule, said plainly: the nearest of 256 values by the fp32 midpoint, a tie to the even index, NaN to 0.</summary>
public sealed class EightBitTests
{
    private static readonly (string Name, DynamicMap Map)[] Maps = [("signed", DynamicMap.Signed), ("unsigned", DynamicMap.Unsigned)];

    [Fact]
    public unsafe void Every_kind_of_number_finds_its_code()
    {
        foreach (var (name, map) in Maps)
        {
            fixed (byte* starts = map.Starts)
            fixed (float* thresholds = map.Thresholds)
            {
                var search = new EightBitSearch(starts, thresholds, map.Steps);
                for (var upper = 0u; upper < 1 << 16; upper++)
                {
                    foreach (var lower in new[] { 0u, 0x7FFFu, 0xFFFFu })
                    {
                        // Arithmetic leaves quiet NaNs only.
                        var x = BitConverter.UInt32BitsToSingle(upper << 16 | lower) * 1;
                        Assert.True(Nearest(map.Values, x) == search.CodeOf(x), $"{name}: {x:R} ({upper << 16 | lower:X8}) has code {search.CodeOf(x)}, expected {Nearest(map.Values, x)}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Any_blocks() => Gen.Select(Gen.Single.Array[1, 300], Gen.Int[1, 9].Select(p => 1 << p), Gen.Bool).Sample((values, block, signed) =>
    {
        var map = signed ? DynamicMap.Signed : DynamicMap.Unsigned;
        var (codes, scales, restored) = RoundTrip(values, block, map);
        foreach (var (part, i) in values.Chunk(block).Select((part, i) => (part, i)))
        {
            var largest = part.Where(v => !float.IsNaN(v)).Select(MathF.Abs).DefaultIfEmpty(0).Max();
            Assert.Equal(largest, scales[i]);
            var reciprocal = 1 / largest;
            for (var k = 0; k < part.Length; k++)
            {
                Assert.Equal(Nearest(map.Values, part[k] * reciprocal), codes[i * block + k]);
                Assert.Equal(map.Values[codes[i * block + k]] * largest, restored[i * block + k]);
            }
        }
    }, iter: 500, threads: 1);

    private static unsafe (byte[] Codes, float[] Scales, float[] Restored) RoundTrip(float[] values, int block, DynamicMap map)
    {
        var (codes, scales, restored) = (new byte[values.Length], new float[(values.Length + block - 1) / block], new float[values.Length]);
        fixed (float* from = values, scale = scales, to = restored)
        fixed (byte* code = codes)
        {
            EightBitKernels.Quantize(from, values.Length, block, map, code, scale);
            EightBitKernels.Dequantize(code, scale, values.Length, block, map, to);
        }
        return (codes, scales, restored);
    }

    private static byte Nearest(float[] values, float x)
    {
        if (float.IsNaN(x)) return 0;
        var below = Array.FindLastIndex(values, v => v <= x);
        if (below < 0) return 0;
        if (below == values.Length - 1) return byte.MaxValue;
        var middle = (values[below] + values[below + 1]) * 0.5f;
        return (byte)(x > middle || x == middle && below % 2 == 1 ? below + 1 : below);
    }
}
