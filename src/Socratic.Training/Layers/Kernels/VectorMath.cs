using System.Numerics;

namespace Socratic.Training.Layers.Kernels;

/// <summary>exp and tanh of whole vectors to about two last places, and parts of vectors at the end of a row.</summary>
internal static unsafe class VectorMath
{
    public static int Width => Vector<float>.Count;

    /// <summary>e^x for x up to 88; below -87 it is the smallest normal number, which no sum notices.</summary>
    /// <remarks>x = n ln 2 + r with |r| at most ln 2 / 2; e^r by a polynomial (Cody and Waite), 2^n by its exponent bits.</remarks>
    public static Vector<float> Exp(Vector<float> x)
    {
        x = Vector.Min(Vector.Max(x, new Vector<float>(-87.33f)), new Vector<float>(88.37f));
        var n = Vector.Round(x * 1.44269504f);
        var r = Vector.FusedMultiplyAdd(n, new Vector<float>(-0.693359375f), x);
        r = Vector.FusedMultiplyAdd(n, new Vector<float>(2.12194440e-4f), r);
        var p = new Vector<float>(1.9875691500e-4f);
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(1.3981999507e-3f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(8.3334519073e-3f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(4.1665795894e-2f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(1.6666665459e-1f));
        p = Vector.FusedMultiplyAdd(p, r, new Vector<float>(5.0000001201e-1f));
        p = Vector.FusedMultiplyAdd(p, r * r, r) + Vector<float>.One;
        var exponent = Vector.ShiftLeft(Vector.ConvertToInt32(n) + new Vector<int>(127), 23);
        return p * Vector.AsVectorSingle(exponent);
    }

    /// <summary>tanh x: near 0 by an odd polynomial, which keeps small values' digits, else from e^2|x|.</summary>
    public static Vector<float> Tanh(Vector<float> x)
    {
        var size = Vector.Abs(x);
        var square = x * x;
        var p = new Vector<float>(-5.70498872745e-3f);
        p = Vector.FusedMultiplyAdd(p, square, new Vector<float>(2.06390887954e-2f));
        p = Vector.FusedMultiplyAdd(p, square, new Vector<float>(-5.37397155531e-2f));
        p = Vector.FusedMultiplyAdd(p, square, new Vector<float>(1.33314422036e-1f));
        p = Vector.FusedMultiplyAdd(p, square, new Vector<float>(-3.33332819422e-1f));
        var near = Vector.FusedMultiplyAdd(p * square, x, x);
        var far = Vector<float>.One - new Vector<float>(2) / (Exp(Vector.Min(size + size, new Vector<float>(40))) + Vector<float>.One);
        var signed = Vector.AsVectorSingle(Vector.AsVectorInt32(far) | (Vector.AsVectorInt32(x) & new Vector<int>(int.MinValue)));
        return Vector.ConditionalSelect(Vector.LessThan(size, new Vector<float>(0.625f)), near, signed);
    }

    /// <summary>The first <paramref name="count"/> elements, fewer than a vector has; the rest is <paramref name="rest"/>.</summary>
    public static Vector<float> LoadPart(float* source, int count, float rest = 0)
    {
        var buffer = stackalloc float[Vector<float>.Count];
        for (var i = 0; i < Vector<float>.Count; i++) buffer[i] = i < count ? source[i] : rest;
        return Vector.Load(buffer);
    }

    /// <summary>Stores the first <paramref name="count"/> elements.</summary>
    public static void StorePart(Vector<float> values, float* target, int count)
    {
        for (var i = 0; i < count; i++) target[i] = values[i];
    }
}
