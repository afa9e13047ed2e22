using Socratic.Training.Optimization;
using Socratic.Training.Quantization.Optimization;
using static TorchSharp.torch;
using Range = Socratic.Training.Optimization.Range;

namespace Socratic.Training.Quantization;

/// <summary>
/// AdamW with 8-bit moments (arXiv 2110.02861), as bitsandbytes' CUDA kernel computes it: m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g²;
/// p = p - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + sqrt(1 - b2^t) eps); p = p (1 - lr wd). A value whose gradient is not finite keeps its value and loses its
/// moments. Arithmetic in fp32; a bf16 or fp16 parameter is rounded after the step and after the decay.
/// </summary>
/// <remarks>
/// State: <c>state1</c> and <c>state2</c>, uint8 of the parameter's shape, codes of the 8-bit dynamic data type, with one float32 scale for 256 values in
/// <c>absmax1</c> and <c>absmax2</c>: 2.03 bytes a value instead of 8. Parameters of fewer than 4096 values keep float32 moments, without scales; they decay before the step, as
/// bitsandbytes' do.
/// </remarks>
public sealed class AdamW8Bit : IOptimizer
{
    private readonly double beta1;
    private readonly double beta2;
    private readonly double epsilon;
    private readonly AdamW8Slot[] slots;
    private readonly Dictionary<string, Tensor> state;

    /// <summary>An optimizer over groups (<see cref="ParameterGroups.Create(nn.Module, double, double)"/>).</summary>
    /// <param name="groups">The parameters: float32, bfloat16 or float16, contiguous, on the CPU or a GPU; the state is where they are.</param>
    /// <param name="beta1">How much of the mean gradient is kept at each step.</param>
    /// <param name="beta2">How much of the mean squared gradient is kept at each step.</param>
    /// <param name="epsilon">Added to the denominator, after the root.</param>
    /// <param name="wide">Names of parameters whose moments stay float32, such as token tables; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta is outside [0, 1) or epsilon is negative.</exception>
    /// <exception cref="ArgumentException">A parameter is there twice, or of a kind that is not supported.</exception>
    public AdamW8Bit(IReadOnlyList<OptimizerGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, IReadOnlySet<string>? wide = null)
    {
        ArgumentNullException.ThrowIfNull(groups);
        this.beta1 = Range.Share(beta1, nameof(beta1));
        this.beta2 = Range.Share(beta2, nameof(beta2));
        this.epsilon = Range.NotNegative(epsilon, nameof(epsilon));
        var twice = groups.SelectMany(g => g.Parameters).GroupBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null) throw new ArgumentException($"Parameter '{twice.Key}' is in the groups more than once.", nameof(groups));
        Groups = groups;
        slots = [.. groups.SelectMany(g => g.Parameters.Select(p => new AdamW8Slot(p, g, wide?.Contains(p.Name) != true)))];
        state = new(slots.SelectMany(s => s.State()), StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public IReadOnlyList<OptimizerGroup> Groups { get; }

    /// <inheritdoc/>
    public void Step(GradientBuffer gradients, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "Gradients cannot be scaled by this; the update has to be left out.");
        foreach (var slot in slots)
        {
            if (gradients[slot.Parameter.Name] is { } gradient) slot.Update(gradient, scale, beta1, beta2, epsilon);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> StateTensors() => state;

    /// <inheritdoc/>
    public void LoadState(IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        StateCheck.Same(this.state, state);
        using var quiet = no_grad();
        foreach (var (name, tensor) in this.state) tensor.copy_(state[name]);
    }

    /// <summary>Frees the state. The parameters stay.</summary>
    public void Dispose()
    {
        foreach (var slot in slots) slot.Dispose();
    }
}
