using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>The CUDA kernels, run on the CPU, against the reference's values: equal bits in every order of threads and blocks and in the contracting build.</summary>
[Trait("Kind", "Golden")]
public sealed class QuantizeGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "quantize4")]
    public void FourBitsEqualTheReference(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () =>
    {
        foreach (var launcher in ShimLauncher.All()) Check(launcher, entry);
    });

    internal static void Check(IKernelLauncher launcher, GoldenEntry entry)
    {
        var file = new GoldenTensors(GoldenRoot.File("nf4", entry["file"]));
        var map = entry.Json.GetProperty("nested").GetBoolean() ? KernelTables.Signed() : [];
        var type = Bits.TypeOf(entry["dtype"]);
        var isFp4 = entry["quant_type"] == "fp4";
        var block = entry.Json.GetProperty("block_size").GetInt32();
        long count = file.Bytes("input").Length / Bits.Size(type), blocks = (count + block - 1) / block;

        using var input = NativeBuffer.Of(file.Bytes("input"));
        using var packed = new NativeBuffer((count + 1) / 2);
        using var absmax = new NativeBuffer(blocks * 4);
        KernelCalls.Quantize(launcher, input.Pointer, type, count, block, isFp4, packed.Pointer, absmax.Pointer);
        Bits.Equal(file.Bytes("expected_packed"), packed.Bytes, "codes");
        Bits.Equal(file.Bytes("expected_absmax"), absmax.Bytes, ScalarType.Float32, "absmax");

        var weight = new FourBitPointers(packed.Pointer, absmax.Pointer, 0, 0, 0, 0, 0, count, block, isFp4);
        foreach (var name in entry.Json.GetProperty("dequant").EnumerateArray().Select(d => d.GetString()!)) Dequantized(launcher, weight, Bits.TypeOf(name), file.Bytes($"expected_dequant_{name}"), name);
        if (entry.Json.GetProperty("nested").GetBoolean()) Nested(launcher, weight, type, file, map);
    }

    private static void Nested(IKernelLauncher launcher, FourBitPointers weight, ScalarType type, GoldenTensors file, float[] map)
    {
        var blocks = (weight.Count + weight.BlockSize - 1) / weight.BlockSize;
        var offset = file.Floats("nested_offset")[0];
        using var table = NativeBuffer.Of<float>(map);
        using var codes = new NativeBuffer(blocks);
        using var nestedAbsmax = new NativeBuffer((blocks + 255) / 256 * 4);
        KernelCalls.Quantize8(launcher, weight.Absmax, offset, table.Pointer, blocks, 256, codes.Pointer, nestedAbsmax.Pointer);
        Bits.Equal(file.Bytes("expected_nested_q8"), codes.Bytes, "nested codes");
        Bits.Equal(file.Bytes("expected_nested_absmax"), nestedAbsmax.Bytes, ScalarType.Float32, "nested absmax");

        var nested = weight with { Absmax = 0, Codes = codes.Pointer, Map = table.Pointer, NestedAbsmax = nestedAbsmax.Pointer, Offset = offset, NestedBlockSize = 256 };
        Dequantized(launcher, nested, type, file.Bytes("expected_nested_dequant"), "nested values");

        // Weights whose code means 1.0 show the restored scales themselves: a contraction hides in 16 bits.
        using var ones = new NativeBuffer(blocks * weight.BlockSize / 2);
        ones.Bytes.Fill((byte)(weight.IsFp4 ? 0x33 : 0xFF));
        var expected = file.Floats("expected_absmax_restored").SelectMany(scale => Enumerable.Repeat(scale, weight.BlockSize)).ToArray();
        Dequantized(launcher, nested with { Packed = ones.Pointer, Count = expected.Length }, ScalarType.Float32, Bits.Of(expected, ScalarType.Float32), "restored scales");
    }

    private static void Dequantized(IKernelLauncher launcher, in FourBitPointers weight, ScalarType type, ReadOnlySpan<byte> expected, string what)
    {
        using var output = new NativeBuffer(weight.Count * Bits.Size(type));
        KernelCalls.Dequantize(launcher, weight, type, output.Pointer);
        Bits.Equal(expected, output.Bytes, type, what);
    }
}
