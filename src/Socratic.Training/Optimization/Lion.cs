using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// Lion (Chen and others, 2023): p = p (1 - lr wd) - lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g. State: <c>exp_avg</c>. It wants a rate 3 to 10 times lower than
/// AdamW's, and a decay as much higher.
/// </summary>
public sealed class Lion : ParameterOptimizer
{
    private readonly double beta1;
    private readonly double beta2;

    /// <summary>An optimizer over groups.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A beta is outside [0, 1).</exception>
    public Lion(IReadOnlyList<OptimizerGroup> groups, double beta1 = 0.9, double beta2 = 0.99)
        : base(groups)
    {
        this.beta1 = Range.Share(beta1, nameof(beta1));
        this.beta2 = Range.Share(beta2, nameof(beta2));
    }

    private protected override (string Kind, Tensor Value)[] CreateState(Tensor parameter) => [("exp_avg", zeros_like(parameter))];

    private protected override void Update(OptimizerSlot slot, Tensor gradient)
    {
        var (p, mean, rate) = (slot.Value, slot.State[0], slot.Group.LearningRate);
        var direction = mean.Times(beta1).PlusInPlace(gradient, 1 - beta1).sign_();
        p.TimesInPlace(1 - rate * slot.Group.WeightDecay).PlusInPlace(direction, -rate);
        mean.TimesInPlace(beta2).PlusInPlace(gradient, 1 - beta2);
    }
}
