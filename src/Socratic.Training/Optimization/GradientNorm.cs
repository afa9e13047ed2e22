namespace Socratic.Training.Optimization;

/// <summary>The total norm of a window's gradients.</summary>
/// <param name="Total">The norm over all parameters: the norm of each tensor's norm, in the gradients' precision.</param>
/// <param name="IsBFloat16">True if all gradients are bfloat16; the norm then has 8 bits, and so has the clip factor.</param>
public readonly record struct GradientNorm(double Total, bool IsBFloat16 = false)
{
    /// <summary>False if some gradient is NaN or infinite, or so large that its square is.</summary>
    public bool IsFinite => double.IsFinite(Total);

    /// <summary>
    /// What gradients are multiplied by so that their norm is at most <paramref name="maximum"/>: min(1, maximum / (norm + 1e-6)), in the gradients' precision, as
    /// <c>clip_grad_norm_</c> does. 0 for an infinite norm, NaN for NaN. (A Trainer's limit of 0 means no clipping: do not call this then.)
    /// </summary>
    public double ClipFactor(double maximum)
    {
        var divisor = Round((float)Total + 1e-6f);
        var factor = Round((float)maximum / divisor);
        return float.IsNaN(factor) ? double.NaN : Math.Min(factor, 1f);
    }

    private float Round(float value) => IsBFloat16 ? BFloat16Bits.Round(value) : value;
}
