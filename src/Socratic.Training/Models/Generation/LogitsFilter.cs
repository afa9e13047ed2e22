using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Models.Generation;

/// <summary>The filters between logits and choice. Each takes and gives float32 [rows, vocabulary]; a token that is out has minus infinity.</summary>
internal sealed class LogitsFilter(GenerationOptions options)
{
    private readonly Scalar penalty = options.RepetitionPenalty.ToScalar();
    private readonly Scalar temperature = options.Temperature.ToScalar();
    private readonly Scalar removedShare = (1 - options.TopP).ToScalar();
    private readonly Scalar leastShare = options.MinP.ToScalar();
    private readonly Scalar zero = 0.ToScalar();
    private readonly Scalar gone = double.NegativeInfinity.ToScalar();

    /// <summary>True if the penalty needs to know which tokens have been.</summary>
    public bool UsesSeenTokens => options.RepetitionPenalty != 1;

    /// <summary>All filters that are on.</summary>
    /// <param name="logits">Raw logits.</param>
    /// <param name="seen">bool [rows, vocabulary], true for the tokens of prompt and answer; null if the penalty is off.</param>
    public Tensor Apply(Tensor logits, Tensor? seen)
    {
        if (UsesSeenTokens && seen is not null) logits = Penalized(logits, seen);
        if (options.Temperature == 0) return logits;
        if (options.Temperature != 1) logits = logits / temperature;
        if (options.TopK > 0) logits = Likeliest(logits);
        if (options.TopP < 1) logits = Nucleus(logits);
        return options.MinP > 0 ? NotTooUnlikely(logits) : logits;
    }

    private Tensor Penalized(Tensor logits, Tensor seen) => where(seen, where(logits.lt(zero), logits * penalty, logits / penalty), logits);

    private Tensor Likeliest(Tensor logits)
    {
        var count = (int)Math.Min(options.TopK, logits.shape[1]);
        var (best, _) = logits.topk(count);
        return logits.masked_fill(logits.lt(best.narrow(1, count - 1, 1)), gone);
    }

    private Tensor Nucleus(Tensor logits)
    {
        var (ascending, order) = logits.sort(-1, descending: false, stable: true);
        var removed = ascending.softmax(-1).cumsum(-1).le(removedShare);
        removed.narrow(1, logits.shape[1] - 1, 1).zero_();
        return logits.masked_fill(zeros_like(removed).scatter(1, order, removed), gone);
    }

    private Tensor NotTooUnlikely(Tensor logits)
    {
        var shares = logits.softmax(-1);
        return logits.masked_fill(shares.lt(shares.amax([-1], keepdim: true) * leastShare), gone);
    }
}
