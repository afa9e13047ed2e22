using System.Runtime.CompilerServices;

namespace Socratic.Training.Quantization.Codec;

/// <summary>A <see cref="DynamicMap"/> as kernels see it.</summary>
/// <param name="starts"><see cref="DynamicMap.Starts"/>, pinned.</param>
/// <param name="thresholds"><see cref="DynamicMap.Thresholds"/>, pinned.</param>
/// <param name="steps"><see cref="DynamicMap.Steps"/>.</param>
internal unsafe readonly struct EightBitSearch(byte* starts, float* thresholds, int steps)
{
    private readonly byte* starts = starts;
    private readonly float* thresholds = thresholds;
    private readonly int steps = steps;

    /// <param name="x">The result of an operation, which has made every NaN a quiet one: of a kind whose code is 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte CodeOf(float x)
    {
        int code = starts[BitConverter.SingleToUInt32Bits(x) >> DynamicMap.StartShift];
        for (var step = 0; step < steps; step++) code += x > thresholds[code] ? 1 : 0;
        return (byte)code;
    }
}
