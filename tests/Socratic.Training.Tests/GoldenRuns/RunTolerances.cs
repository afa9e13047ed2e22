using Socratic.Testing.Golden;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>How far a run may lie from the reference: the README's limits for float32, five times the run's own sensitivity to one last bit for bfloat16.</summary>
internal sealed class RunTolerances
{
    internal const double RelativeLoss = 2e-5;
    private readonly double loss;
    private readonly double evaluationLoss;

    internal RunTolerances(RunFiles files)
    {
        if (!files.HasBFloat16) return;
        const double times = 5;
        var sensitivity = files.Expected.GetProperty("sensitivity_one_ulp");
        double Of(string name) => times * sensitivity.GetProperty(name).GetDouble();
        (loss, evaluationLoss) = (Of("max_abs_micro_loss"), Of("max_abs_eval_loss"));
        (Norm, IsBFloat16) = (Of("max_rel_grad_norm"), true);
        (LargestWeight, MeanWeight) = (_ => Of("max_abs_final_weight"), Of("mean_abs_final_weight"));
    }

    internal bool IsBFloat16 { get; }

    /// <summary>Relative, of gradient norms and clip factors.</summary>
    internal double Norm { get; } = 3e-4;

    /// <summary>The largest difference of a final weight at a learning rate.</summary>
    internal Func<double, double> LargestWeight { get; } = rate => 0.25 * rate;

    internal double MeanWeight { get; } = 5e-6;

    internal void Loss(double expected, double actual, string what) => Check(expected, actual, loss, what);

    internal void EvaluationLoss(double expected, double actual, string what) => Check(expected, actual, evaluationLoss, what);

    /// <summary>The norm of a whole parameter of so many elements; for bfloat16 the bound that follows from those of single elements.</summary>
    internal void WeightNorm(double expected, double actual, int count, double rate, string what)
    {
        if (IsBFloat16) Close.Absolute(expected, actual, Math.Sqrt(count * LargestWeight(rate) * MeanWeight), what);
        else Close.Relative(expected, actual, 1e-4, what, floor: 1e-2);
    }

    private void Check(double expected, double actual, double absolute, string what)
    {
        if (IsBFloat16) Close.Absolute(expected, actual, absolute, what);
        else Close.Relative(expected, actual, RelativeLoss, what);
    }
}
