using Socratic.Training.Native;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Optimization;

/// <summary>The update of <see cref="AdamW8Bit"/> by torch's operators: on a GPU for small parameters, whose moments are float32, and for all where no kernels can be compiled.</summary>
internal static class TorchAdamW8
{
    private static readonly Scalar Zero = 0.ToScalar();

    /// <summary>Updates the parameter and its moments in place; scales are null where the moments are float32.</summary>
    internal static void Update(Tensor parameter, Tensor gradient, (Tensor Codes, Tensor? Absmax) first, (Tensor Codes, Tensor? Absmax) second, in AdamW8Step step, float rest1, float rest2, float scale)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var g = gradient.to(ScalarType.Float32).Times(scale);
        var finite = g.isfinite();
        var v = Restore(second, DynamicMap.Unsigned).Times(step.Beta2).Plus(g.Times(rest2) * g);
        var m = Restore(first, DynamicMap.Signed).Times(step.Beta1).Plus(g.Times(rest1));
        v = where(finite, v, zeros_like(v));
        m = where(finite, m, zeros_like(m));

        var (before, after) = first.Absmax is null ? (step.Decay, 1f) : (1f, step.Decay);
        var change = (m / v.sqrt().Plus(TensorNumbers.Filled(v.shape, step.Epsilon, ScalarType.Float32, v.device))).Times(step.Size);
        var moved = parameter.to(ScalarType.Float32).Times(before).Plus(change).to(parameter.dtype).to(ScalarType.Float32);
        parameter.copy_(where(finite, moved.Times(after).to(parameter.dtype), parameter));
        Store(first, m, DynamicMap.Signed, keepsSign: true);
        Store(second, v, DynamicMap.Unsigned, keepsSign: false);
    }

    private static Tensor Restore((Tensor Codes, Tensor? Absmax) state, DynamicMap map)
    {
        if (state.Absmax is null) return state.Codes;
        var values = tensor(map.Values, device: state.Codes.device).index_select(0, state.Codes.view(-1).to(ScalarType.Int32));
        return (values * state.Absmax.repeat_interleave(AdamW8Job.BlockSize).narrow(0, 0, values.numel())).view(state.Codes.shape);
    }

    // Divided by the new scale, not multiplied by its reciprocal. Codes of the first moment keep its sign: they move by one if their value has the other.
    private static void Store((Tensor Codes, Tensor? Absmax) state, Tensor moments, DynamicMap map, bool keepsSign)
    {
        if (state.Absmax is null)
        {
            state.Codes.copy_(moments);
            return;
        }
        var (count, blocks) = (moments.numel(), state.Absmax.numel());
        var rows = zeros([blocks * AdamW8Job.BlockSize], ScalarType.Float32, moments.device);
        rows.narrow(0, 0, count).copy_(moments.view(-1));
        rows = rows.view(blocks, AdamW8Job.BlockSize);
        var absmax = TorchFourBit.LargestMagnitude(rows);
        var codes = TorchFourBit.Rank(rows / absmax.unsqueeze(1), map.Thresholds);
        if (keepsSign)
        {
            Tensor Looked(Tensor table) => table.to(codes.device).index_select(0, codes.view(-1)).view(codes.shape);
            var (above, below) = (tensor(Enumerable.Range(1, 256).Select(code => code & 255).ToArray()), tensor(Enumerable.Range(255, 256).Select(code => code & 255).ToArray()));
            codes = where(Looked(tensor(map.Values)).signbit().eq(rows.signbit()), codes, where(rows.gt(Zero), Looked(above), Looked(below)));
        }
        state.Absmax.copy_(absmax);
        state.Codes.copy_(codes.view(-1).narrow(0, 0, count).view(state.Codes.shape));
    }
}
