using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// Products that check their shapes (a wrong shape in torch's own wrapper ends the process), and arithmetic with numbers that live long enough.
/// </summary>
/// <remarks>
/// TorchSharp turns each number into a finalizable <see cref="Scalar"/> and hands its bare pointer to the native call. Nothing holds the object meanwhile:
/// a garbage collection at that moment frees it, and torch reads whatever lies there. Even <c>a + b</c> makes such a number, its hidden factor 1. So numbers
/// used here are kept in fields, or in <c>using</c> variables around the call.
/// </remarks>
internal static class TensorMath
{
    private static readonly Scalar One = 1;
    private static readonly Scalar Zero = 0;

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);

    /// <summary>a += b.</summary>
    public static Tensor PlusInPlace(this Tensor left, Tensor right) => left.add_(right, One);

    /// <summary>a + 1.</summary>
    public static Tensor PlusOne(this Tensor values) => values.add(One, One);

    /// <summary>a + number.</summary>
    public static Tensor PlusNumber(this Tensor values, Scalar number) => values.add(number, One);

    /// <summary>0, 1, ..., count - 1.</summary>
    public static Tensor Range(long count, ScalarType dtype, Device device)
    {
        using Scalar end = count;
        return arange(Zero, end, One, dtype, device);
    }

    /// <summary>A tensor full of one number.</summary>
    public static Tensor Filled(long[] shape, double value, ScalarType dtype, Device device)
    {
        using Scalar number = value;
        return full(shape, number, dtype, device);
    }

    /// <summary>Rows [places, size] of a tensor [..., size], counted over all dimensions before the last.</summary>
    public static Tensor Rows(Tensor values, Tensor places) => values.reshape(-1, values.shape[^1]).index_select(0, places);

    /// <summary>Matrix product of two tensors [batch, rows, inner] and [batch, inner, columns].</summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public static Tensor BatchedMatMul(Tensor left, Tensor right)
    {
        if (left.dim() != 3 || right.dim() != 3 || left.shape[0] != right.shape[0] || left.shape[2] != right.shape[1])
            throw new ArgumentException($"Shapes [{string.Join(", ", left.shape)}] and [{string.Join(", ", right.shape)}] have no batched matrix product.");
        return left.bmm(right);
    }
}
