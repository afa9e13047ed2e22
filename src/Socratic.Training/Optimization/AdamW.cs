using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// AdamW with decoupled weight decay (Loshchilov and Hutter, 2019), as torch's fused one computes it:
/// p = p (1 - lr wd); m = m + (1 - b1)(g - m); v = b2 v + (1 - b2) g²; p = p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps).
/// State: <c>exp_avg</c> and <c>exp_avg_sq</c>, in the parameter's dtype. bf16 is computed in fp32 and rounded when it is stored. On the CPU one pass over memory, the
/// clip factor folded in; elsewhere torch operators.
/// </summary>
public sealed class AdamW : ParameterOptimizer
{
    private readonly double beta1;
    private readonly double beta2;
    private readonly double epsilon;
    private readonly AdamWPass pass = new();

    /// <summary>An optimizer over groups (<see cref="ParameterGroups.Create(nn.Module, double, double)"/>).</summary>
    /// <param name="groups">The parameters.</param>
    /// <param name="beta1">How much of the mean gradient is kept at each step.</param>
    /// <param name="beta2">How much of the mean squared gradient is kept at each step.</param>
    /// <param name="epsilon">Added to the denominator, after the root.</param>
    /// <exception cref="ArgumentOutOfRangeException">A beta is outside [0, 1) or epsilon is negative.</exception>
    public AdamW(IReadOnlyList<OptimizerGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
        : base(groups)
    {
        this.beta1 = Range.Share(beta1, nameof(beta1));
        this.beta2 = Range.Share(beta2, nameof(beta2));
        this.epsilon = Range.NotNegative(epsilon, nameof(epsilon));
    }

    /// <summary>For tests: every parameter by torch operators, as on a device other than the CPU.</summary>
    internal bool UsesTorchOperators { get; init; }

    private protected override (string Kind, Tensor Value)[] CreateState(Tensor parameter) => [("exp_avg", zeros_like(parameter)), ("exp_avg_sq", zeros_like(parameter))];

    private protected override void Update(IReadOnlyList<OptimizerSlot> due, double scale)
    {
        if (UsesTorchOperators || !due.All(s => s.IsPlain))
        {
            base.Update([.. due.Where(s => UsesTorchOperators || !s.IsPlain)], scale);
            due = UsesTorchOperators ? [] : [.. due.Where(s => s.IsPlain)];
        }
        pass.Clear();
        foreach (var slot in due) pass.Add(slot, Constants(slot, scale));
        pass.Run();
    }

    private protected override void Update(OptimizerSlot slot, Tensor gradient)
    {
        var c = Constants(slot, 1);
        var narrow = slot.Value.dtype is ScalarType.BFloat16 or ScalarType.Float16;
        var work = narrow ? [slot.Value.to(ScalarType.Float32), slot.State[0].to(ScalarType.Float32), slot.State[1].to(ScalarType.Float32)] : new[] { slot.Value, slot.State[0], slot.State[1] };
        var (p, m, v) = (work[0], work[1], work[2]);
        var g = narrow ? gradient.to(ScalarType.Float32) : gradient;
        p.TimesInPlace(c.Keep);
        m.PlusInPlace(g.sub(m), c.Take1);
        v.TimesInPlace(beta2).PlusProductInPlace(g, g, c.Take2);
        p.PlusQuotientInPlace(m, v.sqrt().TimesInPlace(c.RootScale).PlusInPlace(epsilon), -c.StepSize);
        if (!narrow) return;
        slot.Value.copy_(p);
        slot.State[0].copy_(m);
        slot.State[1].copy_(v);
    }

    private AdamWConstants Constants(OptimizerSlot slot, double scale)
    {
        var (rate, steps) = (slot.Group.LearningRate, slot.Steps);
        return new AdamWConstants
        {
            Scale = (float)scale,
            Keep = (float)(1 - rate * slot.Group.WeightDecay),
            Take1 = (float)(1 - beta1),
            Keep2 = (float)beta2,
            Take2 = (float)(1 - beta2),
            StepSize = (float)(rate / (1 - Math.Pow(beta1, steps))),
            RootScale = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, steps))),
            Epsilon = (float)epsilon,
        };
    }
}
