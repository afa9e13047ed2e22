using System.Numerics;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Sums over rows of numbers.</summary>
internal static unsafe class Rows
{
    public static float Dot(float* left, float* right, int length)
    {
        var (first, second) = (Vector<float>.Zero, Vector<float>.Zero);
        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            first = Vector.FusedMultiplyAdd(Vector.Load(left + i), Vector.Load(right + i), first);
            second = Vector.FusedMultiplyAdd(Vector.Load(left + i + width), Vector.Load(right + i + width), second);
        }
        for (; i <= length - width; i += width) first = Vector.FusedMultiplyAdd(Vector.Load(left + i), Vector.Load(right + i), first);
        var sum = Vector.Sum(first + second);
        for (; i < length; i++) sum += left[i] * right[i];
        return sum;
    }
}
