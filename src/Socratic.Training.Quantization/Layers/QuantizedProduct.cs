using Socratic.Training.Layers;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Quantization.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Layers;

/// <summary>
/// y = x W^T + b with W in 4 bits, as bitsandbytes computes it: forward with W brought straight to the compute dtype, backward (dx = dy W) with W brought to the
/// dtype it had before and from there to dy's. No gradient goes to W, so the graph keeps neither x nor W.
/// </summary>
internal static class QuantizedProduct
{
    /// <param name="input">x, [..., InFeatures].</param>
    /// <param name="layer">W.</param>
    /// <returns>y, [..., OutFeatures], in the input's dtype.</returns>
    public static Tensor Apply(Tensor input, QuantizedLinear layer)
    {
        var needsGraph = is_grad_enabled() && (input.requires_grad || layer.Bias is { requires_grad: true });
        return needsGraph ? Function.apply(input, layer.Bias!, layer) : Forward(input, layer);
    }

    private static Tensor Forward(Tensor input, QuantizedLinear layer)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var compute = layer.ComputeTypeFor(input.dtype);
        var (x, bias) = (input.to(compute), layer.Bias?.to(compute));
        return Multiply(x, bias, layer).to(input.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor Multiply(Tensor x, Tensor? bias, QuantizedLinear layer)
    {
        // A few rows on a GPU, as when generating: the codes alone are read, and the dense weight is neither written nor read again.
        if (GpuFourBit.IsGpus(x) && GpuFourBit.LauncherOf(x) is { } launcher && GpuFourBit.CanMultiply(launcher, layer.Weight, x, bias))
            return GpuFourBit.Product(launcher, layer.Weight, x, bias);
        using var weight = DenseScratch.Take([layer.OutFeatures, layer.InFeatures], x.dtype, x.device);
        layer.Weight.Dequantize(weight);
        return nn.functional.linear(x, weight, bias);
    }

    private static Tensor GradInput(Tensor gradOutput, QuantizedLinear layer)
    {
        using var weight = BackwardWeight(gradOutput.dtype, layer, gradOutput.device);
        return gradOutput.mm(weight);
    }

    /// <summary>W through its own dtype; where that does not round (float32), or is the one that is asked for, straight.</summary>
    private static Tensor BackwardWeight(ScalarType dtype, QuantizedLinear layer, Device device)
    {
        long[] shape = [layer.OutFeatures, layer.InFeatures];
        var weight = DenseScratch.Take(shape, dtype, device);
        var own = layer.Weight.Dtype;
        if (own == dtype || own == ScalarType.Float32)
        {
            layer.Weight.Dequantize(weight);
            return weight;
        }
        using var rounded = DenseScratch.Take(shape, own, device);
        layer.Weight.Dequantize(rounded);
        weight.copy_(rounded);
        return weight;
    }

    private sealed record Call(QuantizedLinear Layer, ScalarType InputType, long[] Shape, bool WantsInput, bool WantsBias);

    private sealed class Function : GuardedFunction<Function>
    {
        private const string CallKey = "call";

        public override string Name => nameof(QuantizedLinear);

        protected override Tensor Output(autograd.AutogradContext ctx, object[] vars)
        {
            var (input, bias, layer) = ((Tensor)vars[0], (Tensor?)vars[1], (QuantizedLinear)vars[2]);
            ctx.save_data(CallKey, new Call(layer, input.dtype, input.shape, input.requires_grad, bias is { requires_grad: true }));
            return Forward(input, layer);
        }

        protected override List<Tensor> Gradients(autograd.AutogradContext ctx, Tensor incoming)
        {
            using var none = no_grad();
            var call = (Call)ctx.get_data(CallKey);
            var gradient = incoming.to(call.Layer.ComputeTypeFor(call.InputType)).reshape(-1, call.Layer.OutFeatures);
            var gradInput = call.WantsInput ? GradInput(gradient, call.Layer).to(call.InputType).view(call.Shape) : null;
            var gradBias = call.WantsBias ? gradient.sum([0L], type: ScalarType.Float32).to(call.Layer.Bias!.dtype) : null;
            return GradientHandover.Give(incoming, gradInput, gradBias, null);
        }
    }
}
