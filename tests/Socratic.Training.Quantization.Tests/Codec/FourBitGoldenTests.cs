using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>Weights to 4 bits and back, bit for bit as the reference defines it, by every way that this processor has.</summary>
public sealed class FourBitGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "quantize4"), Trait("Kind", "Golden")]
    public void WeightsEqualTheReference(GoldenEntry entry) => GoldenReport.Run(GoldenData.Area, entry.Name, () => EveryPath.Run(() =>
    {
        using var scope = NewDisposeScope();
        var file = GoldenData.Open(entry);
        var input = GoldenData.Tensor(file, "input");
        var options = new QuantizationOptions { Type = GoldenData.Type(entry), BlockSize = entry.Json.GetProperty("block_size").GetInt32(), DoubleQuantization = false };

        using var plain = QuantizedTensor.Quantize(input, options);
        GoldenData.Equal(file, "expected_packed", plain.Packed);
        GoldenData.Equal(file, "expected_absmax", plain.Absmax);
        Assert.Equal(input.isfinite().all().item<bool>(), plain.SourceIsFinite);
        foreach (var dtype in entry.Json.GetProperty("dequant").EnumerateArray().Select(d => d.GetString()!))
            GoldenData.Equal(file, $"expected_dequant_{dtype}", plain.Dequantize(GoldenData.Dtype(dtype)));

        if (entry.Json.GetProperty("nested").GetBoolean()) CompareNested(file, input, options with { DoubleQuantization = true });
    }));

    private static void CompareNested(GoldenTensors file, Tensor input, QuantizationOptions options)
    {
        var offset = file.Floats("nested_offset")[0];
        using var nested = QuantizedTensor.Quantize(input, options, offset);
        GoldenData.Equal(file, "expected_packed", nested.Packed);
        GoldenData.Equal(file, "expected_nested_q8", nested.Absmax);
        GoldenData.Equal(file, "expected_nested_absmax", nested.Nested!.Absmax);
        GoldenData.Equal(file, "expected_nested_dequant", nested.Dequantize(input.dtype));
        GoldenData.Equal(file, "expected_absmax_restored", nested.RestoredScales());

        using var own = QuantizedTensor.Quantize(input, options);
        Close.Relative(offset, own.Nested!.Offset, 4e-7, "nested_offset");
    }
}
