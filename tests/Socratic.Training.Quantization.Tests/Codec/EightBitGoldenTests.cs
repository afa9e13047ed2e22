using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>fp32 numbers to the 8-bit dynamic data type and back, bit for bit.</summary>
public sealed class EightBitGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "blockwise8"), Trait("Kind", "Golden")]
    public void BlocksEqualTheReference(GoldenEntry entry) => GoldenReport.Run(GoldenData.Area, entry.Name, () => EveryPath.Run(() => Compare(entry)));

    private static unsafe void Compare(GoldenEntry entry)
    {
        using var scope = NewDisposeScope();
        var file = GoldenData.Open(entry);
        var values = file.Floats("input");
        var map = entry["map"] == "signed" ? DynamicMap.Signed : DynamicMap.Unsigned;
        var block = entry.Json.GetProperty("block_size").GetInt32();
        var codes = new byte[values.Length];
        var scales = new float[(values.Length + block - 1) / block];
        var restored = empty([values.Length], ScalarType.Float32);
        fixed (float* from = values, scale = scales, to = restored.data<float>().ToArray())
        fixed (byte* code = codes)
        {
            EightBitKernels.Quantize(from, values.Length, block, map, code, scale);
            EightBitKernels.Dequantize(code, scale, values.Length, block, map, to);
            new ReadOnlySpan<float>(to, values.Length).CopyTo(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(restored.bytes));
        }
        Assert.Equal(file.Bytes("expected_codes").ToArray(), codes);
        Assert.Equal(file.Floats("expected_absmax").Select(BitConverter.SingleToUInt32Bits), scales.Select(BitConverter.SingleToUInt32Bits));
        foreach (var name in file.Names.Where(n => n.StartsWith("expected_dequant_", StringComparison.Ordinal)))
            GoldenData.Equal(file, name, restored.to(GoldenData.Dtype(file.Dtype(name))));
    }
}
