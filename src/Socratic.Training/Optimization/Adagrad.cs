using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// Adagrad (Duchi and others, 2011) as torch.optim.Adagrad: g += wd p; s += g²; p -= lr / (1 + (t - 1) decay) g / (sqrt(s) + eps). State: <c>sum</c>.
/// </summary>
public sealed class Adagrad : ParameterOptimizer
{
    private readonly double rateDecay;
    private readonly double initialSum;
    private readonly double epsilon;

    /// <summary>An optimizer over groups.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A constant is negative.</exception>
    public Adagrad(IReadOnlyList<OptimizerGroup> groups, double rateDecay = 0, double initialSum = 0, double epsilon = 1e-10)
        : base(groups)
    {
        this.rateDecay = Range.NotNegative(rateDecay, nameof(rateDecay));
        this.initialSum = Range.NotNegative(initialSum, nameof(initialSum));
        this.epsilon = Range.NotNegative(epsilon, nameof(epsilon));
    }

    private protected override (string Kind, Tensor Value)[] CreateState(Tensor parameter) => [("sum", TensorNumbers.Filled(parameter.shape, initialSum, parameter.dtype, parameter.device))];

    private protected override void Update(OptimizerSlot slot, Tensor gradient)
    {
        var (p, sum, decay) = (slot.Value, slot.State[0], slot.Group.WeightDecay);
        var g = decay == 0 ? gradient : gradient.Plus(p, decay);
        sum.PlusProductInPlace(g, g, 1);
        p.PlusQuotientInPlace(g, sum.sqrt().PlusInPlace(epsilon), -slot.Group.LearningRate / (1 + (slot.Steps - 1) * rateDecay));
    }
}
