using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>The 8-bit pair and every value of the tables, on the CPU.</summary>
[Trait("Kind", "Golden")]
public sealed class Blockwise8GoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "blockwise8")]
    public void EightBitsEqualTheReference(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () =>
    {
        foreach (var launcher in ShimLauncher.All()) Check(launcher, entry);
    });

    internal static void Check(IKernelLauncher launcher, GoldenEntry entry)
    {
        var file = new GoldenTensors(GoldenRoot.File("nf4", entry["file"]));
        var block = entry.Json.GetProperty("block_size").GetInt32();
        using var map = NativeBuffer.Of<float>(entry["map"] == "signed" ? KernelTables.Signed() : KernelTables.Unsigned());
        using var input = NativeBuffer.Of(file.Bytes("input"));
        var count = input.Bytes.Length / 4;
        using var codes = new NativeBuffer(count);
        using var absmax = new NativeBuffer((count + block - 1) / block * 4);
        KernelCalls.Quantize8(launcher, input.Pointer, 0, map.Pointer, count, block, codes.Pointer, absmax.Pointer);
        Bits.Equal(file.Bytes("expected_codes"), codes.Bytes, "codes");
        Bits.Equal(file.Bytes("expected_absmax"), absmax.Bytes, ScalarType.Float32, "absmax");
        foreach (var name in file.Names.Where(n => n.StartsWith("expected_dequant_", StringComparison.Ordinal)))
        {
            var type = Bits.TypeOf(name["expected_dequant_".Length..]);
            using var output = new NativeBuffer(count * Bits.Size(type));
            KernelCalls.Dequantize8(launcher, codes.Pointer, map.Pointer, absmax.Pointer, count, block, type, output.Pointer);
            Bits.Equal(file.Bytes(name), output.Bytes, type, name);
        }
    }

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "tables")]
    public void EveryEntryOfTheTablesIsMet(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () =>
    {
        foreach (var launcher in ShimLauncher.All()) CheckTables(launcher, entry);
    });

    internal static void CheckTables(IKernelLauncher launcher, GoldenEntry entry)
    {
        var file = new GoldenTensors(GoldenRoot.File("nf4", entry["file"]));
        foreach (var type in new[] { "nf4", "fp4" })
        {
            Grid(launcher, file, type);
            Codes(launcher, file.Floats("x4"), ScalarType.Float32, type, file.Bytes($"x4_{type}"));
            foreach (var format in new[] { "bf16", "f16" }) Exhaustive(launcher, entry, type, format);
        }
        foreach (var sign in new[] { "signed", "unsigned" }) Codes8(launcher, file, sign);
    }

    // Each nibble at each scale: a block of 32 holds the 16 codes twice.
    private static void Grid(IKernelLauncher launcher, GoldenTensors file, string type)
    {
        using var absmax = NativeBuffer.Of(file.Bytes("grid_absmax"));
        var scales = absmax.Bytes.Length / 4;
        using var packed = NativeBuffer.Of<byte>(Enumerable.Range(0, scales * 16).Select(i => (byte)(((2 * i) & 15) << 4 | ((2 * i) + 1) & 15)).ToArray());
        foreach (var name in new[] { "f32", "bf16", "f16" })
        {
            var dtype = Bits.TypeOf(name);
            var row = 16 * Bits.Size(dtype);
            using var output = new NativeBuffer(scales * 2 * row);
            KernelCalls.Dequantize(launcher, new(packed.Pointer, absmax.Pointer, 0, 0, 0, 0, 0, scales * 32, 32, type == "fp4"), dtype, output.Pointer);
            var expected = file.Bytes($"grid_{type}_{name}");
            for (var i = 0; i < scales * 2; i++) Bits.Equal(expected.Slice(i / 2 * row, row), output.Bytes.Slice(i * row, row), dtype, $"grid_{type}_{name}, row {i / 2}");
        }
    }

    // A scale of 1 needs a 1 in each block, and no larger value beside it.
    private static void Codes(IKernelLauncher launcher, float[] x, ScalarType dtype, string type, ReadOnlySpan<byte> expected)
    {
        var inside = Enumerable.Range(0, x.Length).Where(i => !(Math.Abs(x[i]) > 1)).ToArray();
        var values = inside.Chunk(63).SelectMany(c => c.Select(i => x[i]).Prepend(1f)).ToArray();
        using var input = NativeBuffer.Of(Bits.Of(values, dtype));
        using var packed = new NativeBuffer((values.Length + 1) / 2);
        using var absmax = new NativeBuffer((values.Length + 63) / 64 * 4);
        KernelCalls.Quantize(launcher, input.Pointer, dtype, values.Length, 64, type == "fp4", packed.Pointer, absmax.Pointer);
        for (var i = 0; i < inside.Length; i++)
        {
            var at = (i / 63 * 64) + 1 + (i % 63);
            var code = (packed.Bytes[at / 2] >> (at % 2 == 0 ? 4 : 0)) & 15;
            Assert.True(expected[inside[i]] == code, $"{type}: {x[inside[i]]:R} has code {code}, expected {expected[inside[i]]}");
        }
    }

    private static void Exhaustive(IKernelLauncher launcher, GoldenEntry entry, string type, string format)
    {
        if (!entry.Json.GetProperty("exhaustive").TryGetProperty($"{type}_{format}", out var path) || !File.Exists(GoldenRoot.File("nf4", path.GetString()!))) return;
        var dtype = Bits.TypeOf(format);
        var every = Bits.Floats(System.Runtime.InteropServices.MemoryMarshal.AsBytes<ushort>(Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray()), dtype);
        Codes(launcher, every, dtype, type, File.ReadAllBytes(GoldenRoot.File("nf4", path.GetString()!)));
    }

    private static void Codes8(IKernelLauncher launcher, GoldenTensors file, string sign)
    {
        var (x, expected) = (file.Floats($"x8_{sign}"), file.Bytes($"x8_{sign}_code").ToArray());
        var inside = Enumerable.Range(0, x.Length).Where(i => Math.Abs(x[i]) <= 1).ToArray();
        var values = inside.Chunk(255).SelectMany(c => c.Select(i => x[i]).Prepend(1f)).ToArray();
        using var input = NativeBuffer.Of<float>(values);
        using var map = NativeBuffer.Of(file.Bytes($"dynamic_map_{sign}"));
        using var codes = new NativeBuffer(values.Length);
        using var absmax = new NativeBuffer((values.Length + 255) / 256 * 4);
        KernelCalls.Quantize8(launcher, input.Pointer, 0, map.Pointer, values.Length, 256, codes.Pointer, absmax.Pointer);
        for (var i = 0; i < inside.Length; i++)
        {
            var code = codes.Bytes[(i / 255 * 256) + 1 + (i % 255)];
            Assert.True(expected[inside[i]] == code, $"{sign}: {x[inside[i]]:R} has code {code}, expected {expected[inside[i]]}");
        }
    }
}
