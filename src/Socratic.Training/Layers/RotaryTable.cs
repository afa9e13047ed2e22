using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// cos and sin of the rotary angles for positions 0, 1, ...: always float32, whatever the model's dtype. The angle is a float32 product of position and
/// inverse frequency; that is part of the definition (at position 8191 the exact angle gives other cosines).
/// </summary>
internal sealed class RotaryTable(RotarySpecification specification, Device device) : IDisposable
{
    private const int Step = 256;

    private Tensor? cos;
    private Tensor? sin;

    public RotarySpecification Specification { get; } = specification;

    /// <summary>cos and sin, float32 [at least <paramref name="length"/>, d]; the second half of a row repeats the first. Owned by the table.</summary>
    public (Tensor Cos, Tensor Sin) For(long length)
    {
        if (cos is null || sin is null || cos.shape[0] < length) Build((length + Step - 1) / Step * Step);
        return (cos!, sin!);
    }

    /// <summary>The inverse frequencies, float32 [d/2] on the CPU; the caller owns them.</summary>
    public static Tensor InverseFrequencies(RotarySpecification specification)
    {
        using var scope = NewDisposeScope();
        var pairs = specification.HeadDimension / 2;
        using var half = pairs.ToScalar();
        var exponents = TensorNumbers.Range(pairs, ScalarType.Float32, CPU) / half;
        var inverse = TensorNumbers.Filled([pairs], specification.Base, ScalarType.Float32, CPU).pow(exponents).reciprocal();
        var scaled = specification.Scaling switch
        {
            null => inverse,
            RotaryScaling.Linear linear => Divided(inverse, linear.Factor),
            RotaryScaling.Llama3 llama => Stretch(inverse, llama),
            _ => throw new ArgumentException($"Unknown rotary scaling {specification.Scaling}.", nameof(specification)),
        };
        return scaled.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        cos?.Dispose();
        sin?.Dispose();
        cos = sin = null;
    }

    private static Tensor Divided(Tensor values, double divisor)
    {
        using var number = divisor.ToScalar();
        return values / number;
    }

    /// <summary>In float32 and in the reference's order, where number / tensor means number x (1 / tensor): at position 8191 a last bit is seen.</summary>
    private static Tensor Stretch(Tensor inverse, RotaryScaling.Llama3 scaling)
    {
        var values = inverse.data<float>().ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            var wavelength = (float)(2 * Math.PI) * (1 / values[i]);
            if (wavelength < (float)(scaling.OriginalLength / scaling.HighFrequencyFactor)) continue;
            var factor = (float)scaling.Factor;
            var range = (float)(scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
            var smooth = ((float)scaling.OriginalLength * (1 / wavelength) - (float)scaling.LowFrequencyFactor) / range;
            var isLong = wavelength > (float)(scaling.OriginalLength / scaling.LowFrequencyFactor);
            values[i] = isLong ? values[i] / factor : (1 - smooth) * values[i] / factor + smooth * values[i];
        }
        return tensor(values);
    }

    private void Build(long length)
    {
        Dispose();
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var angles = TensorNumbers.Range(length, ScalarType.Float32, CPU).unsqueeze(1) * InverseFrequencies(Specification).unsqueeze(0);
        var both = cat([angles, angles], 1);
        cos = both.cos().to(device).DetachFromDisposeScope();
        sin = both.sin().to(device).DetachFromDisposeScope();
    }
}
