using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>What no golden case shows: views at odd addresses, ends of tiles, the small-batch product at odd sizes, indices past 2^32.</summary>
public sealed class KernelShapeTests
{
    // Around a vector, a block, a tile of each kernel.
    public static TheoryData<int> Counts => [1, 2, 31, 33, 255, 4095, 4096, 4097, 8191, 8192, 8193, 12345];

    [Theory, MemberData(nameof(Counts))]
    public void AViewAtAnOddAddressGivesTheSameBits(int count)
    {
        var expected = KernelOutputs.Of(new ShimLauncher(ShimLibrary.Plain, 0), count, isMoved: false);
        foreach (var launcher in ShimLauncher.All()) KernelOutputs.Equal(expected, KernelOutputs.Of(launcher, count, isMoved: true));
    }

    [Theory]
    [InlineData(1, 64, 33)]
    [InlineData(2, 65, 17)]
    [InlineData(3, 96, 40)]
    [InlineData(5, 2304, 9)]
    [InlineData(7, 1, 5)]
    [InlineData(9, 1153, 3)]
    [InlineData(16, 160, 31)]
    [InlineData(16, 33, 1)]
    public void ASmallBatchsProductAgreesWithDequantizeAndMultiply(int rows, int inputs, int outputs)
    {
        var random = new Random(inputs);
        foreach (var type in Bits.Types)
            foreach (var block in new[] { 32, 256 })
                foreach (var launcher in ShimLauncher.All()) Product(launcher, random, type, block, rows, inputs, outputs);
    }

    [Fact]
    public void EachNumberOfRowsIsTaken()
    {
        for (var rows = 1; rows <= KernelCalls.MostRows; rows++) Product(new ShimLauncher(ShimLibrary.Plain, 2), new Random(rows), ScalarType.BFloat16, 64, rows, 96, 6);
    }

    [Fact]
    public void NothingIsLaunchedForNoElements()
    {
        var launcher = new ShimLauncher(ShimLibrary.Plain, 0);
        KernelCalls.Quantize(launcher, 0, ScalarType.Float32, 0, 64, false, 0, 0);
        KernelCalls.Quantize8(launcher, 0, 0, 0, 0, 256, 0, 0);
        KernelCalls.Dequantize8(launcher, 0, 0, 0, 0, 256, ScalarType.Float32, 0);
        KernelCalls.Dequantize(launcher, new(0, 0, 0, 0, 0, 0, 0, 0, 64, false), ScalarType.BFloat16, 0);
        KernelCalls.Product(launcher, new(0, 0, 0, 0, 0, 0, 0, 0, 64, false), ScalarType.BFloat16, 0, 0, 0, 4, 0, 64);
        KernelCalls.AdamW8(launcher, default, ScalarType.Float32, default, 0);
        Assert.Equal(0, launcher.Launches);
    }

    [Fact]
    public void NumbersOutOfRangeAreRefused()
    {
        var launcher = new ShimLauncher(ShimLibrary.Plain, 0);
        foreach (var block in new[] { 0, 16, 48, 8192, -64 }) Assert.Throws<ArgumentOutOfRangeException>(() => KernelCalls.Quantize(launcher, 0, ScalarType.Float32, 1, block, false, 0, 0));
        Assert.Throws<ArgumentException>(() => KernelCalls.Quantize(launcher, 0, ScalarType.Float64, 1, 64, false, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => KernelCalls.Product(launcher, new(0, 0, 0, 0, 0, 0, 0, 64, 64, false), ScalarType.BFloat16, 0, 0, 0, 17, 1, 64));
        Assert.Throws<ArgumentException>(() => KernelCalls.Product(launcher, new(0, 0, 0, 0, 0, 0, 0, 64, 64, false), ScalarType.BFloat16, 0, 0, 0, 1, 2, 64));
        Assert.Equal(0, launcher.Launches);
    }

    [Fact]
    public void IndicesPastFourBillionReachTheEndOfAWeight() => HugeBuffers.Check(ShimLibrary.Plain);

    internal static void Product(IKernelLauncher launcher, Random random, ScalarType type, int block, int rows, int inputs, int outputs)
    {
        long count = (long)outputs * inputs, blocks = (count + block - 1) / block;
        using var packed = new NativeBuffer((count + 1) / 2);
        random.NextBytes(packed.Bytes);
        using var absmax = NativeBuffer.Of<float>(Floats(random, (int)blocks).Select(v => Math.Abs(v) + 0.01f).ToArray());
        using var x = NativeBuffer.Of(Bits.Of(Floats(random, rows * inputs), type));
        using var bias = NativeBuffer.Of(Bits.Of(Floats(random, outputs), type));
        using var y = new NativeBuffer((long)rows * outputs * Bits.Size(type));
        using var dense = new NativeBuffer(count * Bits.Size(type));
        var weight = new FourBitPointers(packed.Pointer, absmax.Pointer, 0, 0, 0, 0, 0, count, block, false);
        KernelCalls.Dequantize(launcher, weight, type, dense.Pointer);
        KernelCalls.Product(launcher, weight, type, x.Pointer, bias.Pointer, y.Pointer, rows, outputs, inputs);

        var tolerance = type switch { ScalarType.Float32 => 2e-6, ScalarType.BFloat16 => 8e-3, _ => 1e-3 };
        var largest = 0.0;
        var expected = new double[rows * outputs];
        for (var i = 0; i < expected.Length; i++)
        {
            var sum = (double)Bits.Get(bias.Bytes, type, i % outputs);
            for (var k = 0; k < inputs; k++) sum += (double)Bits.Get(x.Bytes, type, (i / outputs * inputs) + k) * Bits.Get(dense.Bytes, type, (long)(i % outputs) * inputs + k);
            largest = Math.Max(largest, Math.Abs(expected[i] = sum));
        }
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(Bits.Get(y.Bytes, type, i) - expected[i]) <= tolerance * largest, $"{type}, block {block}: y[{i}] is {Bits.Get(y.Bytes, type, i):R}, expected {expected[i]:R}");
    }

    private static float[] Floats(Random random, int count) => KernelOutputs.Floats(random, count);
}
