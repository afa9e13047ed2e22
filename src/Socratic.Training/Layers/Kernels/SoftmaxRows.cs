using System.Numerics;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Soft cap, window and softmax of a row of scores in one go, and their gradient.</summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>Turns scores [begin, end) of a row into shares, and the rest of its <paramref name="length"/> into 0.</summary>
    /// <returns>The logarithm of the sum of e^score.</returns>
    public static float Forward(float* row, int begin, int end, int length, float cap)
    {
        new Span<float>(row, begin).Clear();
        new Span<float>(row + end, length - end).Clear();
        var largest = cap > 0 ? Cap(row + begin, end - begin, cap) : Largest(row + begin, end - begin);
        var sum = ExpMinus(row + begin, end - begin, largest);
        Multiply(row + begin, end - begin, 1 / sum);
        return largest + MathF.Log(sum);
    }

    /// <summary>The shares again, from the scores and the logarithm of their sum; <paramref name="slopes"/> gets share x slope of the cap.</summary>
    public static void Again(float* row, float* slopes, int begin, int end, int length, float cap, float logSum)
    {
        new Span<float>(row, begin).Clear();
        new Span<float>(row + end, length - end).Clear();
        new Span<float>(slopes, begin).Clear();
        new Span<float>(slopes + end, length - end).Clear();
        var subtract = new Vector<float>(logSum);
        var width = Vector<float>.Count;
        for (var i = begin; i < end; i += width)
        {
            var count = Math.Min(width, end - i);
            var score = count == width ? Vector.Load(row + i) : VectorMath.LoadPart(row + i, count);
            var slope = Vector<float>.One;
            if (cap > 0)
            {
                var tanh = VectorMath.Tanh(score * (1 / cap));
                score = tanh * cap;
                slope -= tanh * tanh;
            }
            var share = VectorMath.Exp(score - subtract);
            Put(share, row + i, count);
            Put(share * slope, slopes + i, count);
        }
    }

    /// <summary>The scores' gradient in place of the shares' one: slopes (g - sum(shares g)).</summary>
    public static void Backward(float* shares, float* slopes, float* gradient, int length)
    {
        var width = Vector<float>.Count;
        var sum = Vector<float>.Zero;
        var i = 0;
        for (; i <= length - width; i += width) sum = Vector.FusedMultiplyAdd(Vector.Load(shares + i), Vector.Load(gradient + i), sum);
        var total = Vector.Sum(sum);
        for (var j = i; j < length; j++) total += shares[j] * gradient[j];
        var totals = new Vector<float>(total);
        for (i = 0; i <= length - width; i += width) Vector.Store(Vector.Load(slopes + i) * (Vector.Load(gradient + i) - totals), gradient + i);
        for (; i < length; i++) gradient[i] = slopes[i] * (gradient[i] - total);
    }

    private static float Cap(float* row, int length, float cap)
    {
        var width = Vector<float>.Count;
        var largest = new Vector<float>(float.NegativeInfinity);
        for (var i = 0; i < length; i += width)
        {
            var count = Math.Min(width, length - i);
            var score = count == width ? Vector.Load(row + i) : VectorMath.LoadPart(row + i, count, row[i]);
            var capped = VectorMath.Tanh(score * (1 / cap)) * cap;
            largest = Vector.Max(largest, capped);
            Put(capped, row + i, count);
        }
        return Largest(largest);
    }

    private static float Largest(float* row, int length)
    {
        var width = Vector<float>.Count;
        var largest = new Vector<float>(float.NegativeInfinity);
        for (var i = 0; i < length; i += width)
            largest = Vector.Max(largest, length - i >= width ? Vector.Load(row + i) : VectorMath.LoadPart(row + i, length - i, row[i]));
        return Largest(largest);
    }

    private static float Largest(Vector<float> values)
    {
        var largest = values[0];
        for (var i = 1; i < Vector<float>.Count; i++) largest = Math.Max(largest, values[i]);
        return largest;
    }

    private static float ExpMinus(float* row, int length, float subtrahend)
    {
        var width = Vector<float>.Count;
        var subtract = new Vector<float>(subtrahend);
        var sum = Vector<float>.Zero;
        var i = 0;
        for (; i <= length - width; i += width)
        {
            var e = VectorMath.Exp(Vector.Load(row + i) - subtract);
            sum += e;
            Vector.Store(e, row + i);
        }
        var total = Vector.Sum(sum);
        if (i == length) return total;
        var last = VectorMath.Exp(VectorMath.LoadPart(row + i, length - i) - subtract);
        for (var j = 0; j < length - i; j++) total += last[j];
        VectorMath.StorePart(last, row + i, length - i);
        return total;
    }

    private static void Multiply(float* row, int length, float factor)
    {
        var i = 0;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count) Vector.Store(Vector.Load(row + i) * factor, row + i);
        for (; i < length; i++) row[i] *= factor;
    }

    private static void Put(Vector<float> values, float* target, int count)
    {
        if (count == Vector<float>.Count) Vector.Store(values, target);
        else VectorMath.StorePart(values, target, count);
    }
}
