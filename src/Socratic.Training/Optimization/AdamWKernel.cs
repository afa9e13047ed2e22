using System.Numerics;

namespace Socratic.Training.Optimization;

/// <summary>What an AdamW step multiplies by, for one parameter.</summary>
internal struct AdamWConstants
{
    public float Scale;
    public float Keep;
    public float Take1;
    public float Keep2;
    public float Take2;
    public float StepSize;
    public float RootScale;
    public float Epsilon;
}

/// <summary>
/// The arithmetic of AdamW. Vector and scalar code do the same operations in the same order, none of them fused, so they agree bit for bit on every machine.
/// </summary>
internal static unsafe class AdamWKernel
{
    // As many bf16 elements are widened at a time as stay in the nearest cache.
    private const int WideLength = 512;

    internal static void Update(float* parameter, float* gradient, float* mean, float* square, int length, in AdamWConstants constants)
    {
        var c = constants;
        var width = Vector<float>.Count;
        var (scale, keep, take1) = (new Vector<float>(c.Scale), new Vector<float>(c.Keep), new Vector<float>(c.Take1));
        var (keep2, take2) = (new Vector<float>(c.Keep2), new Vector<float>(c.Take2));
        var (step, rootScale, epsilon) = (new Vector<float>(c.StepSize), new Vector<float>(c.RootScale), new Vector<float>(c.Epsilon));
        var i = 0;
        for (; i <= length - width; i += width)
        {
            var g = Vector.Load(gradient + i) * scale;
            var m = Vector.Load(mean + i);
            m += take1 * (g - m);
            var v = Vector.Load(square + i) * keep2 + take2 * g * g;
            var p = Vector.Load(parameter + i) * keep - step * m / (Vector.SquareRoot(v) * rootScale + epsilon);
            Vector.Store(m, mean + i);
            Vector.Store(v, square + i);
            Vector.Store(p, parameter + i);
        }
        Scalar(parameter + i, gradient + i, mean + i, square + i, length - i, c);
    }

    internal static void Update(ushort* parameter, ushort* gradient, ushort* mean, ushort* square, int length, in AdamWConstants constants)
    {
        var wide = stackalloc float[4 * WideLength];
        var p = wide;
        var g = wide + WideLength;
        var m = wide + 2 * WideLength;
        var v = wide + 3 * WideLength;
        var unscaled = constants;
        unscaled.Scale = 1;
        for (var start = 0; start < length; start += WideLength)
        {
            var count = Math.Min(WideLength, length - start);
            BFloat16Bits.Widen(parameter + start, p, count);
            BFloat16Bits.Widen(gradient + start, g, count);
            BFloat16Bits.Widen(mean + start, m, count);
            BFloat16Bits.Widen(square + start, v, count);
            // A clipped bf16 gradient is a bf16 number.
            if (constants.Scale != 1) BFloat16Bits.ScaleAndRound(g, constants.Scale, count);
            Update(p, g, m, v, count, unscaled);
            BFloat16Bits.Narrow(p, parameter + start, count);
            BFloat16Bits.Narrow(m, mean + start, count);
            BFloat16Bits.Narrow(v, square + start, count);
        }
    }

    internal static void Scalar(float* parameter, float* gradient, float* mean, float* square, int length, in AdamWConstants c)
    {
        for (var i = 0; i < length; i++)
        {
            var g = gradient[i] * c.Scale;
            var m = mean[i] + c.Take1 * (g - mean[i]);
            var v = square[i] * c.Keep2 + c.Take2 * g * g;
            parameter[i] = parameter[i] * c.Keep - c.StepSize * m / (MathF.Sqrt(v) * c.RootScale + c.Epsilon);
            mean[i] = m;
            square[i] = v;
        }
    }
}
