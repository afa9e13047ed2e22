namespace Socratic.Training.Layers;

/// <summary>The frequencies of a rotary embedding (Su et al. 2021, arXiv:2104.09864).</summary>
/// <param name="Base">theta: the inverse frequency of pair i of d/2 is theta^(-2i/d).</param>
/// <param name="HeadDimension">d.</param>
/// <param name="Scaling">How the frequencies are stretched, or null.</param>
internal sealed record RotarySpecification(double Base, int HeadDimension, RotaryScaling? Scaling = null);

/// <summary>A way to stretch rotary frequencies.</summary>
internal abstract record RotaryScaling
{
    /// <summary>All frequencies divided by <paramref name="Factor"/>.</summary>
    public sealed record Linear(double Factor) : RotaryScaling;

    /// <summary>
    /// Llama 3.1: wavelengths beyond <paramref name="OriginalLength"/> / <paramref name="LowFrequencyFactor"/> are divided by <paramref name="Factor"/>,
    /// those below <paramref name="OriginalLength"/> / <paramref name="HighFrequencyFactor"/> stay, between them both are mixed.
    /// </summary>
    public sealed record Llama3(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, double OriginalLength) : RotaryScaling;
}
