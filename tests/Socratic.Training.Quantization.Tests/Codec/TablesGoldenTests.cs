using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>The tables themselves, the codes around every threshold and of every 16-bit number, and what each code stands for at odd scales.</summary>
public sealed class TablesGoldenTests
{
    private static readonly (QuantizationType Type, string Name)[] Types = [(QuantizationType.NF4, "nf4"), (QuantizationType.FP4, "fp4")];

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "tables"), Trait("Kind", "Golden")]
    public void TablesEqualTheReference(GoldenEntry entry) => GoldenReport.Run(GoldenData.Area, entry.Name, () => EveryPath.Run(() =>
    {
        using var scope = NewDisposeScope();
        var file = GoldenData.Open(entry);
        CompareTables(file, GoldenRoot.Json(GoldenRoot.File(GoldenData.Area, entry["meta"])));
        foreach (var (type, name) in Types)
        {
            CompareCodes(type, GoldenData.Tensor(file, "x4"), file.Bytes($"x4_{name}").ToArray(), $"x4_{name}");
            foreach (var dtype in new[] { "f32", "bf16", "f16" }) CompareProducts(file, type, $"grid_{name}_{dtype}", GoldenData.Dtype(dtype));
        }
        Compare8(file, DynamicMap.Signed, "x8_signed");
        Compare8(file, DynamicMap.Unsigned, "x8_unsigned");
        CompareEvery16BitNumber(entry);
    }));

    private static void CompareTables(GoldenTensors file, JsonElement meta)
    {
        var tables = new (string Name, float[] Values)[]
        {
            ("nf4_code", CodeBook.Nf4.Values), ("fp4_code", CodeBook.Fp4.Values), ("nf4_threshold", CodeBook.Nf4.Thresholds), ("fp4_threshold", CodeBook.Fp4.Thresholds),
            ("dynamic_map_signed", DynamicMap.Signed.Values), ("dynamic_map_unsigned", DynamicMap.Unsigned.Values),
        };
        foreach (var (name, values) in tables)
        {
            var bits = values.Select(v => $"0x{BitConverter.SingleToUInt32Bits(v):X8}").ToArray();
            Assert.Equal(meta.GetProperty($"{name}_bits").EnumerateArray().Select(b => b.GetString()!), bits);
            var stored = name.EndsWith("threshold", StringComparison.Ordinal) ? name + "s" : name;
            Assert.Equal(file.Floats(stored).Select(BitConverter.SingleToUInt32Bits), values.Select(BitConverter.SingleToUInt32Bits));
        }
        Assert.Equal(file.Bytes("fp4_rank_to_code").ToArray(), CodeBook.Fp4.Codes[..8]);
    }

    // A first element of 1 makes each value its own scaled self.
    private static void CompareCodes(QuantizationType type, Tensor values, byte[] expected, string what)
    {
        const int Block = 32;
        const int Each = Block - 1;
        using var scope = NewDisposeScope();
        var rows = (values.numel() + Each - 1) / Each;
        var padded = cat([values, zeros(rows * Each - values.numel(), values.dtype)]).reshape(rows, Each);
        var input = cat([ones([rows, 1], values.dtype), padded], 1);
        using var quantized = QuantizedTensor.Quantize(input, new QuantizationOptions { Type = type, BlockSize = Block, DoubleQuantization = false });
        var packed = quantized.Packed.bytes;
        for (var i = 0; i < expected.Length; i++)
        {
            var place = i / Each * Block + 1 + i % Each;
            var code = place % 2 == 0 ? packed[place / 2] >> 4 : packed[place / 2] & 15;
            Assert.True(expected[i] == code, $"{what}: element {i} has code {code}, expected {expected[i]}");
        }
    }

    private static void CompareProducts(GoldenTensors file, QuantizationType type, string name, ScalarType dtype)
    {
        const int Block = 32;
        using var scope = NewDisposeScope();
        var scales = GoldenData.Tensor(file, "grid_absmax");
        var packed = zeros([scales.numel() * Block / 2, 1], ScalarType.Byte);
        for (var i = 0; i < packed.numel(); i++) packed.bytes[i] = (byte)(2 * i % 16 << 4 | (2 * i + 1) % 16);
        using var quantized = new QuantizedTensor(packed, scales, null, type, Block, dtype, [scales.numel(), Block]);
        var weights = quantized.Dequantize(dtype);
        GoldenData.Equal(file, name, weights[.., ..16].contiguous());
        GoldenData.Equal(file, name, weights[.., 16..].contiguous());
    }

    private static unsafe void Compare8(GoldenTensors file, DynamicMap map, string name)
    {
        var values = file.Floats(name);
        var codes = new byte[values.Length * 2];
        var scales = new float[values.Length];
        // Blocks of two: a 1 before each value.
        var pairs = values.SelectMany(v => new[] { 1f, v }).ToArray();
        fixed (float* from = pairs, to = scales)
        fixed (byte* code = codes) EightBitKernels.Quantize(from, pairs.Length, 2, map, code, to);
        Assert.Equal(file.Bytes($"{name}_code").ToArray(), codes.Where((_, i) => i % 2 == 1));
    }

    private static void CompareEvery16BitNumber(GoldenEntry entry)
    {
        foreach (var table in entry.Json.GetProperty("exhaustive").EnumerateObject())
        {
            var path = GoldenRoot.File(GoldenData.Area, table.Value.GetString()!);
            var (type, dtype) = (Types.Single(t => table.Name.StartsWith(t.Name, StringComparison.Ordinal)).Type, GoldenData.Dtype(table.Name[4..]));
            var expected = File.ReadAllBytes(path);
            using var all = empty([65536], dtype);
            for (var i = 0; i < 65536; i++) BitConverter.TryWriteBytes(all.bytes[(2 * i)..], (ushort)i);
            // Beyond 1 a number would be its block's scale: the stored codes are for scale 1.
            CompareInRange(type, all, expected, table.Name);
        }
    }

    private static void CompareInRange(QuantizationType type, Tensor all, byte[] expected, string what)
    {
        using var scope = NewDisposeScope();
        var within = all.to(ScalarType.Float32).abs().gt(1).logical_not_();
        var places = within.nonzero().flatten();
        var kept = places.data<long>().Select(i => expected[i]).ToArray();
        CompareCodes(type, all.index_select(0, places), kept, what);
    }
}
