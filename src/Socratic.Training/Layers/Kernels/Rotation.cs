using System.Numerics;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Turns rows by their position's angles; halves i and i + d/2 are a pair.</summary>
internal static unsafe class Rotation
{
    /// <summary>Turns <paramref name="count"/> rows of d elements: forwards with <paramref name="sign"/> 1, back with -1.</summary>
    /// <param name="source">The first row.</param>
    /// <param name="sourceStride">Elements from row to row.</param>
    /// <param name="target">Where the turned rows go.</param>
    /// <param name="targetStride">Elements from row to row.</param>
    /// <param name="cos">The first row's angles, d elements a row.</param>
    /// <param name="sin">Likewise.</param>
    /// <param name="count">Rows.</param>
    /// <param name="size">d.</param>
    /// <param name="sign">1 or -1.</param>
    public static void Turn(float* source, int sourceStride, float* target, int targetStride, float* cos, float* sin, int count, int size, float sign)
    {
        var half = size / 2;
        for (var row = 0; row < count; row++)
        {
            var i = 0;
            for (; i <= half - Vector<float>.Count; i += Vector<float>.Count)
            {
                var (a, b) = (Vector.Load(source + i), Vector.Load(source + half + i));
                var (c, s) = (Vector.Load(cos + i), Vector.Load(sin + i) * sign);
                Vector.Store(a * c - b * s, target + i);
                Vector.Store(b * c + a * s, target + half + i);
            }
            for (; i < half; i++)
            {
                var (a, b, c, s) = (source[i], source[half + i], cos[i], sin[i] * sign);
                target[i] = a * c - b * s;
                target[half + i] = b * c + a * s;
            }
            source += sourceStride;
            target += targetStride;
            cos += size;
            sin += size;
        }
    }
}
