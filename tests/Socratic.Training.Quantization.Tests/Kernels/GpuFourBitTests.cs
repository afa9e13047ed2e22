using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>What reaches the kernels from tensors: addresses with their offsets, shapes, and who is asked; and that nothing is left behind.</summary>
public sealed class GpuFourBitTests
{
    [Fact]
    public void AddressesHoldTheViewsOffsets()
    {
        using var scope = NewDisposeScope();
        var launcher = new ArgumentRecorder();
        var bytes = empty([100], ScalarType.Byte);
        var floats = empty([100], ScalarType.Float32);
        using var weight = new QuantizedTensor(bytes.narrow(0, 3, 64), floats.narrow(0, 5, 2), null, QuantizationType.FP4, 64, ScalarType.BFloat16, [2, 64]);
        var output = empty([200], ScalarType.BFloat16);
        GpuFourBit.Dequantize(launcher, weight, output.narrow(0, 7, 128));
        Assert.Equal("dequantize_bf16", launcher.Entry);
        Assert.Equal([Address(bytes) + 3, Address(floats) + 20, 0, 0, 0, 0, 0, Address(output) + 14, 128, 6, 1], launcher.Arguments);
    }

    [Fact]
    public void NestedScalesBringTheirOwnTable()
    {
        using var scope = NewDisposeScope();
        var launcher = new ArgumentRecorder();
        var (packed, codes) = (empty([64], ScalarType.Byte), empty([2], ScalarType.Byte));
        var (absmax, map, output) = (empty([1], ScalarType.Float32), empty([256], ScalarType.Float32), empty([128], ScalarType.Float32));
        using var weight = new QuantizedTensor(packed, codes, new(absmax, map, 0.25f, 512), QuantizationType.NF4, 64, ScalarType.BFloat16, [2, 64]);
        GpuFourBit.Dequantize(launcher, weight, output);
        Assert.Equal([Address(packed), 0, Address(codes), Address(map), Address(absmax), BitConverter.SingleToUInt32Bits(0.25f), 9, Address(output), 128, 6, 0], launcher.Arguments);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(16, true)]
    [InlineData(17, false)]
    [InlineData(0, false)]
    public void OnlyAFewRowsGoThroughTheProduct(int rows, bool can)
    {
        using var scope = NewDisposeScope();
        using var weight = Weight(6, 32);
        var x = zeros([rows, 32], ScalarType.BFloat16);
        Assert.Equal(can, GpuFourBit.CanMultiply(new ArgumentRecorder(), weight, x, null));
        Assert.False(GpuFourBit.CanMultiply(null, weight, x, null));
        Assert.False(GpuFourBit.CanMultiply(new ArgumentRecorder(), weight, x, zeros([6], ScalarType.Float32)));
        Assert.False(GpuFourBit.CanMultiply(new ArgumentRecorder(), weight, zeros([rows, 32], ScalarType.Float64), null));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2e-6)]
    [InlineData(ScalarType.BFloat16, 8e-3)]
    [InlineData(ScalarType.Float16, 1e-3)]
    public void TheProductIsThatOfTheDequantizedWeight(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var weight = Weight(37, 96);
        var whole = randn([2, 3, 192], ScalarType.Float32).to(type);
        // Every other half of a row: not contiguous.
        var x = whole.narrow(2, 96, 96);
        var bias = randn([37], ScalarType.Float32).to(type);
        var y = GpuFourBit.Product(new ShimLauncher(ShimLibrary.Plain, 2), weight, x, bias);
        var dense = weight.Dequantize(type).to(ScalarType.Float64);
        var expected = nn.functional.linear(x.to(ScalarType.Float64), dense, bias.to(ScalarType.Float64));
        Assert.Equal([2, 3, 37], y.shape);
        Assert.Equal(type, y.dtype);
        Assert.True((y.to(ScalarType.Float64) - expected).abs().max().ToDouble() <= tolerance * expected.abs().max().ToDouble());
    }

    [Fact]
    public void NoTensorIsLeftBehind()
    {
        using var weight = Weight(8, 64);
        using var source = randn([8, 64], ScalarType.Float32);
        using var x = randn([2, 64], ScalarType.Float32);
        using var output = empty([8, 64], ScalarType.Float32);
        foreach (var launcher in new IKernelLauncher?[] { null, new ShimLauncher(ShimLibrary.Plain, 0) })
        {
            void Once()
            {
                GpuFourBit.Dequantize(launcher, weight, output);
                var (packed, absmax, nested, _) = GpuFourBit.Quantize(launcher, source, new());
                packed.Dispose();
                absmax.Dispose();
                nested!.Dispose();
                if (launcher is not null) GpuFourBit.Product(launcher, weight, x, null).Dispose();
            }
            Once();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var before = Tensor.TotalCount;
            for (var i = 0; i < 5; i++) Once();
            Assert.Equal(before, Tensor.TotalCount);
        }
    }

    [Fact]
    public void ALargeWeightIsTakenInPiecesByTorch()
    {
        // Larger than a piece, ending inside a block and inside a byte.
        using var scope = NewDisposeScope();
        var source = randn([(1L << 24) + 131], ScalarType.BFloat16);
        using var onCpu = QuantizedTensor.Quantize(source, new() { DoubleQuantization = false });
        var (packed, absmax, _, _) = GpuFourBit.Quantize(null, source, new() { DoubleQuantization = false });
        Assert.True(packed.Equals(onCpu.Packed));
        Assert.True(absmax.Equals(onCpu.Absmax));
        var (output, expected) = (empty(source.shape, ScalarType.BFloat16), onCpu.Dequantize(ScalarType.BFloat16));
        GpuFourBit.Dequantize(null, onCpu, output);
        Assert.True(output.Equals(expected));
        packed.Dispose();
        absmax.Dispose();
    }

    private static QuantizedTensor Weight(long outputs, long inputs)
    {
        using var source = randn([outputs, inputs], ScalarType.Float32);
        return QuantizedTensor.Quantize(source, new());
    }

    private static ulong Address(Tensor tensor) => (ulong)Socratic.Training.Native.TensorMemory.Pointer(tensor);

    private sealed class ArgumentRecorder : IKernelLauncher
    {
        internal string Entry { get; private set; } = "";

        internal ulong[] Arguments { get; private set; } = [];

        public void Launch(KernelEntry entry, uint blocks, in KernelArguments arguments) => (Entry, Arguments) = (entry.Name, arguments.Values.ToArray());
    }
}
