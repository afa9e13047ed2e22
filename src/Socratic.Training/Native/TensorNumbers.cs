using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Native;

/// <summary>Arithmetic of tensors with plain numbers that live long enough.</summary>
/// <remarks>
/// TorchSharp turns each number into a finalizable <see cref="Scalar"/> and hands its bare pointer to the native call. Nothing holds the object meanwhile:
/// a garbage collection at that moment frees it, and torch reads whatever lies there. Even <c>a + b</c> makes such a number, its hidden factor 1.
/// Those conversions and operators are banned in the libraries; a <c>using</c> variable, as here, or a field holds the number through the call.
/// </remarks>
internal static class TensorNumbers
{
    private static readonly Scalar One = 1.0.ToScalar();

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, One);

    /// <summary>a + factor b.</summary>
    public static Tensor Plus(this Tensor left, Tensor right, double factor)
    {
        using var number = factor.ToScalar();
        return left.add(right, number);
    }

    /// <summary>a += b.</summary>
    public static Tensor PlusInPlace(this Tensor left, Tensor right) => left.add_(right, One);

    /// <summary>a += factor b.</summary>
    public static Tensor PlusInPlace(this Tensor left, Tensor right, double factor)
    {
        using var number = factor.ToScalar();
        return left.add_(right, number);
    }

    /// <summary>a + 1.</summary>
    public static Tensor PlusOne(this Tensor values) => values.add(One, One);

    /// <summary>a + number.</summary>
    public static Tensor PlusNumber(this Tensor values, Scalar number) => values.add(number, One);

    /// <summary>a += number.</summary>
    public static Tensor PlusInPlace(this Tensor values, double number)
    {
        using var kept = number.ToScalar();
        return values.add_(kept, One);
    }

    /// <summary>a += factor b c, element by element.</summary>
    public static Tensor PlusProductInPlace(this Tensor values, Tensor left, Tensor right, double factor)
    {
        using var number = factor.ToScalar();
        return values.addcmul_(left, right, number);
    }

    /// <summary>a + factor b c, element by element.</summary>
    public static Tensor PlusProduct(this Tensor values, Tensor left, Tensor right, double factor)
    {
        using var number = factor.ToScalar();
        return values.addcmul(left, right, number);
    }

    /// <summary>a += factor b / c, element by element.</summary>
    public static Tensor PlusQuotientInPlace(this Tensor values, Tensor dividend, Tensor divisor, double factor)
    {
        using var number = factor.ToScalar();
        return values.addcdiv_(dividend, divisor, number);
    }

    /// <summary>factor a.</summary>
    public static Tensor Times(this Tensor values, double factor)
    {
        using var number = factor.ToScalar();
        return values.mul(number);
    }

    /// <summary>a *= factor.</summary>
    public static Tensor TimesInPlace(this Tensor values, double factor)
    {
        using var number = factor.ToScalar();
        return values.mul_(number);
    }

    /// <summary>a / divisor.</summary>
    public static Tensor DividedBy(this Tensor values, double divisor)
    {
        using var number = divisor.ToScalar();
        return values.div(number);
    }

    /// <summary>a /= divisor.</summary>
    public static Tensor DividedByInPlace(this Tensor values, double divisor)
    {
        using var number = divisor.ToScalar();
        return values.div_(number);
    }

    /// <summary>The larger of each element and a number.</summary>
    public static Tensor AtLeast(this Tensor values, double least)
    {
        using var number = least.ToScalar();
        return values.clamp_min(number);
    }

    /// <summary>0, 1, ..., count - 1.</summary>
    public static Tensor Range(long count, ScalarType dtype, Device device)
    {
        using var start = 0L.ToScalar();
        using var end = count.ToScalar();
        using var step = 1L.ToScalar();
        return arange(start, end, step, dtype, device);
    }

    /// <summary>A tensor full of one number.</summary>
    public static Tensor Filled(long[] shape, double value, ScalarType dtype, Device device)
    {
        using var number = value.ToScalar();
        return full(shape, number, dtype, device);
    }
}
