using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Optimization;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using Socratic.Training.Quantization.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>The optimizer with its tensors on a GPU, as the CPU can stand in for one: by the kernels, by torch's operators, and both alike.</summary>
public sealed class GpuAdamW8Tests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "adamw8bit"), Trait("Kind", "Golden")]
    public void ByTheKernels(GoldenEntry entry) => GoldenReport.Run("nf4", $"{entry.Name}, the optimizer", () => As(new ShimLauncher(ShimLibrary.Plain, 2), () => AdamW8BitGoldenTests.Check(entry)));

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "adamw8bit"), Trait("Kind", "Golden")]
    public void ByTorchsOperators(GoldenEntry entry) => GoldenReport.Run("nf4", $"{entry.Name}, the optimizer", () => As(null, () => AdamW8BitGoldenTests.Check(entry)));

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void KernelsTorchAndProcessorGiveTheSame(ScalarType type)
    {
        // Ends inside a block; scaled gradients; one that is not finite.
        using var scope = NewDisposeScope();
        var (start, gradient) = (randn([4500], ScalarType.Float32).to(type), randn([4500], ScalarType.Float32).to(type));
        gradient.narrow(0, 77, 1).copy_(tensor(float.NaN));
        var cpu = Steps(start, gradient);
        foreach (var launcher in new IKernelLauncher?[] { null, new ShimLauncher(ShimLibrary.Plain, 3) })
        {
            Tensor[]? ours = null;
            As(launcher, () => ours = Steps(start, gradient));
            for (var i = launcher is null ? 1 : 0; i < cpu.Length; i++) Assert.True(cpu[i].bytes.SequenceEqual(ours![i].bytes), $"{launcher}: tensor {i}");
            // The processor's vector library takes roots that are right to the last bit but one; moments hang on none.
            Assert.True((ours![0].to(ScalarType.Float64) - cpu[0].to(ScalarType.Float64)).abs().nan_to_num().max().ToDouble() <= (type == ScalarType.Float32 ? 1e-6 : 0));
        }
    }

    [Fact]
    public void AnotherDtypeOfGradientGoesThroughTorch()
    {
        using var scope = NewDisposeScope();
        var launcher = new ShimLauncher(ShimLibrary.Plain, 0);
        As(launcher, () => Steps(randn([4096], ScalarType.Float32).to(ScalarType.BFloat16), randn([4096], ScalarType.Float32)));
        Assert.Equal(0, launcher.Launches);
    }

    private static Tensor[] Steps(Tensor start, Tensor gradient)
    {
        var parameter = new Socratic.Training.Optimization.TrainableParameter("w", new TorchSharp.Modules.Parameter(start.clone(), requires_grad: true));
        using var slot = new AdamW8Slot(parameter, new([parameter], 1e-3, 0.01));
        using var none = no_grad();
        for (var i = 0; i < 3; i++) slot.Update(gradient, 0.37, 0.9, 0.999, 1e-8);
        return [parameter.Value.detach().clone(), .. slot.State().Select(s => s.Value.clone())];
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
}
