using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Layers;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using Socratic.Training.Quantization.Tests.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>The 4-bit layer with its tensors on a GPU, as the CPU can stand in for one: the reference's values both ways, and which kernels are asked.</summary>
public sealed class GpuLinearTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "linear4bit"), Trait("Kind", "Golden")]
    public void TheLayerByTheKernels(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () => As(new ShimLauncher(ShimLibrary.Plain, 2), () => LinearGoldenTests.Check(entry)));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "linear4bit"), Trait("Kind", "Golden")]
    public void TheLayerByTorchsOperators(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () => As(null, () => LinearGoldenTests.Check(entry)));

    [Theory]
    [InlineData(1, "product_f32_1")]
    [InlineData(3, "product_f32_4")]
    [InlineData(16, "product_f32_16")]
    [InlineData(17, "dequantize_f32")]
    public void AFewRowsReadTheCodesAloneAndMoreRowsTheDenseWeight(int rows, string kernel)
    {
        using var scope = NewDisposeScope();
        using var layer = new QuantizedLinear(QuantizedTensor.Quantize(randn([24, 64], ScalarType.Float32), new()), null, QuantizedComputeDtype.Auto, ScalarType.Float32);
        var launcher = new NamingLauncher(new ShimLauncher(ShimLibrary.Plain, 0));
        var x = randn([rows, 64], ScalarType.Float32);
        using (no_grad())
        {
            var expected = layer.call(x);
            Tensor? y = null;
            As(launcher, () => y = layer.call(x));
            Assert.Equal([kernel], launcher.Names);
            Assert.True(y!.allclose(expected, 1e-5, 1e-5));
        }
    }

    [Fact]
    public void BackwardBringsTheWeightOutAgain()
    {
        using var scope = NewDisposeScope();
        using var layer = new QuantizedLinear(QuantizedTensor.Quantize(randn([24, 64], ScalarType.Float32), new()), null, QuantizedComputeDtype.Auto, ScalarType.Float32);
        var launcher = new NamingLauncher(new ShimLauncher(ShimLibrary.Plain, 0));
        var x = randn([20, 64], ScalarType.Float32).requires_grad_();
        As(launcher, () => layer.call(x).sum().backward());
        Assert.Equal(["dequantize_f32", "dequantize_f32"], launcher.Names);
    }

    private static void As(IKernelLauncher? launcher, Action work)
    {
        GpuFourBit.Stand = new(launcher);
        try
        {
            work();
        }
        finally
        {
            GpuFourBit.Stand = null;
        }
    }

    private sealed class NamingLauncher(IKernelLauncher inner) : IKernelLauncher
    {
        internal List<string> Names { get; } = [];

        public void Launch(KernelEntry entry, uint blocks, in KernelArguments arguments)
        {
            Names.Add(entry.Name);
            inner.Launch(entry, blocks, arguments);
        }
    }
}
