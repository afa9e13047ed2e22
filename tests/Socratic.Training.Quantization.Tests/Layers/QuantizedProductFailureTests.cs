using Socratic.Training.Layers;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Layers;

/// <summary>A 4-bit layer whose backward throws does not end the process.</summary>
public sealed class QuantizedProductFailureTests
{
    [Fact]
    public void AWeightThatIsGoneByTheBackwardIsToldAndNothingIsLeftBehind()
    {
        Round();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long[] counts = [.. Enumerable.Range(0, 4).Select(_ => Round())];
        Assert.Single(counts.Distinct());

        static long Round()
        {
            Check(layerIsGone: true);
            Check(layerIsGone: false);
            return Tensor.TotalCount;
        }
    }

    // Another 4-bit layer below: it is asked for nothing, and says nothing.
    private static void Check(bool layerIsGone)
    {
        using var scope = NewDisposeScope();
        using var below = Layer();
        using var above = Layer();
        var input = randn(3, 64).requires_grad_(true);
        var hidden = below.call(input).tanh();
        var loss = above.call(hidden).sum();
        if (layerIsGone) above.Weight.Dispose();
        loss.backward();
        if (layerIsGone)
        {
            var error = Assert.Throws<InvalidOperationException>(BackwardFailure.Throw);
            Assert.Contains("Tensor invalid", error.Message, StringComparison.Ordinal);
            Assert.Contains(nameof(QuantizedTensor.Dequantize), error.StackTrace, StringComparison.Ordinal);
        }
        BackwardFailure.Throw();
        Assert.Equal(layerIsGone, input.grad is null);
    }

    private static QuantizedLinear Layer()
    {
        using var weight = randn(64, 64);
        return new QuantizedLinear(QuantizedTensor.Quantize(weight, new QuantizationOptions()), null, QuantizedComputeDtype.Auto, ScalarType.Float32);
    }
}
