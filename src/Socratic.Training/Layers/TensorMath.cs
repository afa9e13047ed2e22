using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>Products that check their shapes: a wrong shape in torch's own wrapper ends the process.</summary>
internal static class TensorMath
{
    /// <summary>Rows [places, size] of a tensor [..., size], counted over all dimensions before the last.</summary>
    public static Tensor Rows(Tensor values, Tensor places) => values.reshape(-1, values.shape[^1]).index_select(0, places);

    /// <summary>Matrix product of two tensors [batch, rows, inner] and [batch, inner, columns].</summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static Tensor BatchedMatMul(Tensor left, Tensor right)
    {
        if (left.dim() != 3 || right.dim() != 3 || left.shape[0] != right.shape[0] || left.shape[2] != right.shape[1])
            throw new ArgumentException($"Shapes [{string.Join(", ", left.shape)}] and [{string.Join(", ", right.shape)}] have no batched matrix product.");
        if (!MixedPrecision.IsOn) return left.bmm(right);
        using var scope = NewDisposeScope();
        return MixedPrecision.Factor(left).bmm(MixedPrecision.Factor(right)).MoveToOuterDisposeScope();
    }
}
