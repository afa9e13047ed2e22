using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Gpu;

/// <summary>The same checks as on the CPU, by a GPU: the reference's bits, views, small batches, whole tensors by the codec.</summary>
[Trait("Device", "Gpu")]
public sealed class GpuKernelTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "quantize4")]
    public void FourBits(GoldenEntry entry) => On(gpu => QuantizeGoldenTests.Check(gpu, entry));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "quantize4")]
    public void FourBitTensors(GoldenEntry entry) => On(gpu => GpuFourBitGoldenTests.Check(gpu, entry, CUDA));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "blockwise8")]
    public void EightBits(GoldenEntry entry) => On(gpu => Blockwise8GoldenTests.Check(gpu, entry));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "tables")]
    public void Tables(GoldenEntry entry) => On(gpu => Blockwise8GoldenTests.CheckTables(gpu, entry));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "adamw8bit", Having = "has_expected")]
    public void AdamW(GoldenEntry entry) => On(gpu => AdamW8GoldenTests.Check([gpu, gpu], entry));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "linear4bit")]
    public void Layers(GoldenEntry entry) => On(gpu => ProductGoldenTests.Check(gpu, entry));

    [Theory]
    [InlineData(1)]
    [InlineData(4097)]
    [InlineData(12345)]
    public void ViewsAtOddAddresses(int count) => On(gpu => KernelOutputs.Equal(KernelOutputs.Of(gpu, count, isMoved: false), KernelOutputs.Of(gpu, count, isMoved: true)));

    [Fact]
    public void EachNumberOfRows() => On(gpu =>
    {
        for (var rows = 1; rows <= KernelCalls.MostRows; rows++)
            foreach (var inputs in new[] { 33, 2304 }) KernelShapeTests.Product(gpu, new Random(rows), ScalarType.BFloat16, 64, rows, inputs, 7);
    });

    private static void On(Action<GpuHere> check)
    {
        using var gpu = GpuHere.Use();
        check(gpu);
    }
}
