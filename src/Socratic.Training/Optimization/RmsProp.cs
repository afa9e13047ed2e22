using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// RMSprop as torch.optim.RMSprop: g += wd p; s = a s + (1 - a) g²; d = sqrt(s) + eps, or sqrt(s - m²) + eps with the gradients' mean m (centered);
/// b = momentum b + g / d; p -= lr b. State: <c>square_avg</c>, and <c>grad_avg</c>, <c>momentum_buffer</c> if they are used.
/// </summary>
public sealed class RmsProp : ParameterOptimizer
{
    private readonly double smoothing;
    private readonly double momentum;
    private readonly bool centered;
    private readonly double epsilon;

    /// <summary>An optimizer over groups.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range.</exception>
    public RmsProp(IReadOnlyList<OptimizerGroup> groups, double smoothing = 0.99, double momentum = 0, bool centered = false, double epsilon = 1e-8)
        : base(groups)
    {
        this.smoothing = Range.Share(smoothing, nameof(smoothing));
        this.momentum = Range.NotNegative(momentum, nameof(momentum));
        this.centered = centered;
        this.epsilon = Range.NotNegative(epsilon, nameof(epsilon));
    }

    private protected override (string Kind, Tensor Value)[] CreateState(Tensor parameter)
    {
        var state = new List<(string, Tensor)> { ("square_avg", zeros_like(parameter)) };
        if (momentum != 0) state.Add(("momentum_buffer", zeros_like(parameter)));
        if (centered) state.Add(("grad_avg", zeros_like(parameter)));
        return [.. state];
    }

    private protected override void Update(OptimizerSlot slot, Tensor gradient)
    {
        var (p, square, decay) = (slot.Value, slot.State[0], slot.Group.WeightDecay);
        var g = decay == 0 ? gradient : gradient.Plus(p, decay);
        square.TimesInPlace(smoothing).PlusProductInPlace(g, g, 1 - smoothing);
        var spread = square;
        if (centered)
        {
            var mean = slot.State[^1];
            mean.PlusInPlace(g.sub(mean), 1 - smoothing);
            spread = square.PlusProduct(mean, mean, -1);
        }
        var divisor = spread.sqrt().PlusInPlace(epsilon);
        if (momentum == 0)
        {
            p.PlusQuotientInPlace(g, divisor, -slot.Group.LearningRate);
            return;
        }
        var buffer = slot.State[1];
        buffer.TimesInPlace(momentum).PlusQuotientInPlace(g, divisor, 1);
        p.PlusInPlace(buffer, -slot.Group.LearningRate);
    }
}
