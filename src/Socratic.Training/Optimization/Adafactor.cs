using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// Adafactor (Shazeer and Stern, 2018) as transformers computes it, with the rate from outside. For tensors of two dimensions or more the squares are kept by rows and
/// columns only: u = g / sqrt(row x column / mean(row)); others: u = g / sqrt(v); both with b2 = 1 - t^decay. u is divided by max(1, rms(u) / threshold) and multiplied by the
/// rate, which may be scaled by the parameter's own rms; then the mean with beta1, if given; p -= wd rate p + u.
/// State in fp32: <c>exp_avg_sq_row</c> and <c>exp_avg_sq_col</c>, or <c>exp_avg_sq</c>; <c>exp_avg</c> with a beta1.
/// </summary>
public sealed class Adafactor : ParameterOptimizer
{
    private readonly double? beta1;
    private readonly double decayRate;
    private readonly double clipThreshold;
    private readonly bool scaleByParameter;
    private readonly double epsilon;
    private readonly double scaleFloor;

    /// <summary>An optimizer over groups. The defaults are those that Hugging Face's Trainer sets.</summary>
    /// <param name="groups">The parameters.</param>
    /// <param name="beta1">How much of the mean update is kept; null for none.</param>
    /// <param name="decayRate">The exponent of the squares' decay, negative.</param>
    /// <param name="clipThreshold">The largest rms of an update.</param>
    /// <param name="scaleByParameter">Whether the rate is multiplied by the parameter's rms.</param>
    /// <param name="epsilon">Added to squares.</param>
    /// <param name="scaleFloor">The least rms that a parameter is taken to have.</param>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range.</exception>
    public Adafactor(
        IReadOnlyList<OptimizerGroup> groups, double? beta1 = null, double decayRate = -0.8, double clipThreshold = 1, bool scaleByParameter = false, double epsilon = 1e-30, double scaleFloor = 1e-3)
        : base(groups)
    {
        this.beta1 = beta1 is { } share ? Range.Share(share, nameof(beta1)) : null;
        this.decayRate = decayRate < 0 ? decayRate : throw new ArgumentOutOfRangeException(nameof(decayRate), decayRate, "Must be below 0.");
        this.clipThreshold = clipThreshold > 0 ? clipThreshold : throw new ArgumentOutOfRangeException(nameof(clipThreshold), clipThreshold, "Must be above 0.");
        this.scaleByParameter = scaleByParameter;
        this.epsilon = Range.NotNegative(epsilon, nameof(epsilon));
        this.scaleFloor = Range.NotNegative(scaleFloor, nameof(scaleFloor));
    }

    private protected override (string Kind, Tensor Value)[] CreateState(Tensor parameter)
    {
        var (shape, type) = (parameter.shape, parameter.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);
        var state = new List<(string, Tensor)>();
        if (shape.Length >= 2)
        {
            state.Add(("exp_avg_sq_row", zeros(shape[..^1], type, parameter.device)));
            state.Add(("exp_avg_sq_col", zeros([.. shape[..^2], shape[^1]], type, parameter.device)));
        }
        else
        {
            state.Add(("exp_avg_sq", zeros(shape, type, parameter.device)));
        }
        if (beta1 is not null) state.Add(("exp_avg", zeros(shape, type, parameter.device)));
        return [.. state];
    }

    private protected override void Update(OptimizerSlot slot, Tensor gradient)
    {
        var type = slot.State[0].dtype;
        var (p, g) = (slot.Value.to(type), gradient.to(type));
        var keep = 1 - Math.Pow(slot.Steps, decayRate);
        var rate = slot.Group.LearningRate;
        var scale = scaleByParameter ? Rms(p).AtLeast(scaleFloor) : null;

        var update = Direction(slot.State, g, keep);
        update.div_(Rms(update).DividedByInPlace(clipThreshold).AtLeast(1)).TimesInPlace(rate);
        if (scale is not null) update.mul_(scale);
        if (beta1 is { } share)
        {
            var mean = slot.State[^1];
            update = mean.TimesInPlace(share).PlusInPlace(update, 1 - share);
        }
        var kept = slot.Group.WeightDecay * rate;
        if (kept != 0) p = p.sub(scale is null ? p.Times(kept) : p.mul(scale).TimesInPlace(kept));
        slot.Value.copy_(p.sub(update));
    }

    private Tensor Direction(Tensor[] state, Tensor g, double keep)
    {
        var squares = g.square().PlusInPlace(epsilon);
        if (g.dim() < 2) return state[0].TimesInPlace(keep).PlusInPlace(squares, 1 - keep).rsqrt().mul_(g);
        var rows = state[0].TimesInPlace(keep).PlusInPlace(squares.mean([-1]), 1 - keep);
        var columns = state[1].TimesInPlace(keep).PlusInPlace(squares.mean([-2]), 1 - keep);
        return rows.div(rows.mean([-1], keepdim: true)).rsqrt_().unsqueeze(-1).mul(columns.rsqrt().unsqueeze(-2)).mul_(g);
    }

    private static Tensor Rms(Tensor tensor) => tensor.square().mean().sqrt();
}
