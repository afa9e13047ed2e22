namespace Socratic.Training.Quantization;

/// <summary>The 16 values that a 4-bit code can stand for, before the block's scale.</summary>
public enum QuantizationType
{
    /// <summary>NormalFloat: the quantiles of a normal distribution, with an exact zero (QLoRA, arXiv 2305.14314). In files <c>nf4</c>.</summary>
    NF4,

    /// <summary>A 4-bit floating-point number: a sign, two bits of exponent, one of mantissa. In files <c>fp4</c>.</summary>
    FP4,
}
