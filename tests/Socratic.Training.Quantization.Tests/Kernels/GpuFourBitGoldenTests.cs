using Socratic.Testing.Golden;
using Socratic.Training.Native;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Native;
using Socratic.Training.Quantization.Tests.Gpu;
using Socratic.Training.Quantization.Tests.Kernels.Runtime;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>
/// Whole weights as tensors, by the way a GPU takes (driver, context, launch; the CPU runs what is launched) and by torch's own operators: both give the reference's bits,
/// also where the tensors are views that begin inside their storage.
/// </summary>
[Trait("Kind", "Golden")]
public sealed class GpuFourBitGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "quantize4")]
    public void ByTorchsOperators(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () => Check(null, entry, CPU));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "quantize4")]
    public void ByTheDriversWay(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () =>
    {
        var folder = Directory.CreateTempSubdirectory("socratic-kernels-").FullName;
        var driver = new RecordingDriver { Cpu = ShimLibrary.Plain };
        var runtime = new KernelRuntime(LibraryFiles.Instance, () => driver, _ => new RecordingCompiler(), new KernelCache(folder), _ => 0);
        Check(runtime.Device(0), entry, CPU);
        Assert.Contains(driver.Calls, c => c.StartsWith("Launch(quantize_", StringComparison.Ordinal));
        Assert.Contains(driver.Calls, c => c.StartsWith("Launch(dequantize_", StringComparison.Ordinal));
        Assert.Equal(0, driver.Depth);
        Directory.Delete(folder, recursive: true);
    });

    internal static void Check(IKernelLauncher? launcher, GoldenEntry entry, Device device)
    {
        using var scope = NewDisposeScope();
        var file = new GoldenTensors(GoldenRoot.File("nf4", entry["file"]));
        var (type, isNested) = (Bits.TypeOf(entry["dtype"]), entry.Json.GetProperty("nested").GetBoolean());
        var options = new QuantizationOptions
        {
            Type = entry["quant_type"] == "fp4" ? QuantizationType.FP4 : QuantizationType.NF4, BlockSize = entry.Json.GetProperty("block_size").GetInt32(), DoubleQuantization = false,
        };
        var shape = entry.Json.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64()).ToArray();
        var input = View(file.Bytes("input"), type, shape, device);

        using var plain = Quantized(launcher, input, options, null);
        Bits.Equal(file.Bytes("expected_packed"), BytesOf(plain.Packed), "codes");
        Bits.Equal(file.Bytes("expected_absmax"), BytesOf(plain.Absmax), ScalarType.Float32, "absmax");
        foreach (var name in entry.Json.GetProperty("dequant").EnumerateArray().Select(d => d.GetString()!)) Dequantized(launcher, plain, Bits.TypeOf(name), file.Bytes($"expected_dequant_{name}"), name);
        if (!isNested) return;

        using var nested = Quantized(launcher, input, options with { DoubleQuantization = true }, file.Floats("nested_offset")[0]);
        Bits.Equal(file.Bytes("expected_nested_q8"), BytesOf(nested.Absmax), "nested codes");
        Bits.Equal(file.Bytes("expected_nested_absmax"), BytesOf(nested.Nested!.Absmax), ScalarType.Float32, "nested absmax");
        Dequantized(launcher, nested, type, file.Bytes("expected_nested_dequant"), "nested values");

        using (var scales = AsGpus(launcher, nested.RestoredScales)) Bits.Equal(file.Bytes("expected_absmax_restored"), BytesOf(scales), ScalarType.Float32, "restored scales");

        // The mean of the scales, taken where they are: its last bits depend on the order of the sum.
        using var own = Quantized(launcher, input, options with { DoubleQuantization = true }, null);
        Close.Relative(file.Floats("nested_offset")[0], own.Nested!.Offset, 4e-7, "offset");
    }

    private static QuantizedTensor Quantized(IKernelLauncher? launcher, Tensor input, QuantizationOptions options, float? offset)
    {
        var weight = AsGpus(launcher, () => QuantizedTensor.Quantize(input, options, offset));
        Assert.Equal(Bits.Floats(BytesOf(input), input.dtype).All(float.IsFinite), weight.SourceIsFinite);
        return weight;
    }

    // The CPU's tensors count as a GPU's meanwhile, so that the codec itself decides.
    private static T AsGpus<T>(IKernelLauncher? launcher, Func<T> work)
    {
        if (GpuHere.InUse) return work();
        GpuFourBit.Stand = new(launcher);
        try
        {
            return work();
        }
        finally
        {
            GpuFourBit.Stand = null;
        }
    }

    private static void Dequantized(IKernelLauncher? launcher, QuantizedTensor weight, ScalarType type, ReadOnlySpan<byte> expected, string what)
    {
        using var buffer = empty([weight.Count + 3], type, weight.Packed.device);
        using var output = buffer.narrow(0, 3, weight.Count);
        AsGpus(launcher, () =>
        {
            weight.Dequantize(output);
            return true;
        });
        Bits.Equal(expected, BytesOf(output), type, what);
    }

    // Begins inside its storage, at an address of no alignment.
    private static Tensor View(ReadOnlySpan<byte> bytes, ScalarType type, long[] shape, Device device)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        var whole = empty([count + 1], type);
        bytes.CopyTo(MutableBytes(whole.narrow(0, 1, count)));
        return whole.to(device).narrow(0, 1, count).view(shape);
    }

    private static byte[] BytesOf(Tensor tensor) => MutableBytes(tensor.cpu()).ToArray();

    private static unsafe Span<byte> MutableBytes(Tensor tensor) => new((void*)TensorMemory.Pointer(tensor), checked((int)(tensor.numel() * tensor.ElementSize)));
}
