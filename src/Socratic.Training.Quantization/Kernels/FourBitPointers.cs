namespace Socratic.Training.Quantization.Kernels;

/// <summary>Where a 4-bit weight lies, as addresses of the device that runs the kernel. Either <c>Absmax</c> is given (plain), or <c>Codes</c>, <c>Map</c> and <c>NestedAbsmax</c> (nested).</summary>
/// <param name="Packed">uint8 [(Count + 1) / 2], the even element in the high half.</param>
/// <param name="Absmax">float32 [blocks], or 0.</param>
/// <param name="Codes">uint8 [blocks]: the scales in 8 bits, or 0.</param>
/// <param name="Map">float32 [256]: the values of those codes.</param>
/// <param name="NestedAbsmax">float32 [ceil(blocks / NestedBlockSize)].</param>
/// <param name="Offset">Added to each restored scale.</param>
/// <param name="NestedBlockSize">A power of two; read when nested.</param>
/// <param name="Count">Number of weights.</param>
/// <param name="BlockSize">Weights a scale; a power of two, 32 to 4096.</param>
/// <param name="IsFp4">FP4 rather than NF4.</param>
internal readonly record struct FourBitPointers(nint Packed, nint Absmax, nint Codes, nint Map, nint NestedAbsmax, float Offset, int NestedBlockSize, long Count, int BlockSize, bool IsFp4)
{
    internal void AddWeightTo(ref KernelArguments arguments)
    {
        arguments.Add(Packed);
        arguments.Add(Absmax);
        arguments.Add(Codes);
        arguments.Add(Map);
        arguments.Add(NestedAbsmax);
        arguments.Add(Offset);
        arguments.Add(Codes == 0 ? 0 : KernelCalls.ShiftOf(NestedBlockSize, 1, 1 << 30));
    }
}

/// <summary>Addresses of a parameter and its 8-bit AdamW state: codes uint8 [n], scales float32 [ceil(n / 256)], maps float32 [256] (signed for the first moment, unsigned for the second).</summary>
internal readonly record struct AdamW8Pointers(nint Parameter, nint Gradient, nint State1, nint Absmax1, nint Map1, nint State2, nint Absmax2, nint Map2);

/// <summary>The numbers of one update, each in float32 as the reference takes them.</summary>
internal readonly record struct AdamW8Step(float Beta1, float Beta2, float Size, float Epsilon, float Decay)
{
    /// <summary>Step <paramref name="step"/> (from 1). Source: bitsandbytes' kOptimizerStatic8bit2StateBlockwise.</summary>
    internal static AdamW8Step At(long step, double learningRate, double beta1, double beta2, double epsilon, double weightDecay)
    {
        var (rate, b1, b2) = ((float)learningRate, (float)beta1, (float)beta2);
        var correction1 = 1f - (float)Math.Pow(b1, step);
        var correction2 = MathF.Sqrt(1f - (float)Math.Pow(b2, step));
        return new(b1, b2, -rate * correction2 / correction1, correction2 * (float)epsilon, 1f - (rate * (float)weightDecay));
    }
}
