using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// Gradient descent as torch.optim.SGD: g += wd p; with momentum b = momentum b + (1 - dampening) g (at first b = g) and the direction b, or g + momentum b (Nesterov);
/// p -= lr direction. State: <c>momentum_buffer</c>, if there is momentum.
/// </summary>
public sealed class Sgd : ParameterOptimizer
{
    private readonly double momentum;
    private readonly double dampening;
    private readonly bool nesterov;

    /// <summary>An optimizer over groups.</summary>
    /// <exception cref="ArgumentException">A constant is out of range, or Nesterov without momentum or with dampening.</exception>
    public Sgd(IReadOnlyList<OptimizerGroup> groups, double momentum = 0, double dampening = 0, bool nesterov = false)
        : base(groups)
    {
        this.momentum = Range.NotNegative(momentum, nameof(momentum));
        this.dampening = Range.NotNegative(dampening, nameof(dampening));
        if (nesterov && (momentum == 0 || dampening != 0)) throw new ArgumentException("Nesterov's momentum needs a momentum above 0 and no dampening.", nameof(nesterov));
        this.nesterov = nesterov;
    }

    private protected override (string Kind, Tensor Value)[] CreateState(Tensor parameter) => momentum == 0 ? [] : [("momentum_buffer", zeros_like(parameter))];

    private protected override void Update(OptimizerSlot slot, Tensor gradient)
    {
        var (p, decay) = (slot.Value, slot.Group.WeightDecay);
        var g = decay == 0 ? gradient : gradient.Plus(p, decay);
        var direction = g;
        if (momentum != 0)
        {
            var buffer = slot.State[0];
            if (slot.Steps == 1) buffer.copy_(g);
            else buffer.TimesInPlace(momentum).PlusInPlace(g, 1 - dampening);
            direction = nesterov ? g.Plus(buffer, momentum) : buffer;
        }
        p.PlusInPlace(direction, -slot.Group.LearningRate);
    }
}
