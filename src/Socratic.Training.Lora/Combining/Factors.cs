using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Combining;

/// <summary>One adapter's share in one layer, scale B A, and its weight in a sum.</summary>
internal sealed record Factors(Tensor A, Tensor B, double Scale, double Weight)
{
    /// <summary>A and B of the sum of <paramref name="terms"/>, of rank <paramref name="rank"/> and scale 1; new tensors.</summary>
    public static (Tensor A, Tensor B) Combine(IReadOnlyList<Factors> terms, CombinationKind kind, long rank)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (a, b) = kind switch
        {
            CombinationKind.Linear => Linear(terms),
            CombinationKind.Concatenate => Concatenate(terms, rank),
            _ => SingularValues(terms, rank),
        };
        return (a.contiguous().MoveToOuterDisposeScope(), b.contiguous().MoveToOuterDisposeScope());
    }

    private static (Tensor A, Tensor B) Linear(IReadOnlyList<Factors> terms)
    {
        double Root(Factors f) => Math.Sqrt(Math.Abs(f.Weight * f.Scale));
        return (
            terms.Select(f => f.A.Times(Math.CopySign(1, f.Weight * f.Scale) * Root(f))).Aggregate((x, y) => x.Plus(y)),
            terms.Select(f => f.B.Times(Root(f))).Aggregate((x, y) => x.Plus(y)));
    }

    private static (Tensor A, Tensor B) Concatenate(IReadOnlyList<Factors> terms, long rank)
    {
        var a = zeros([rank, terms[0].A.shape[1]], ScalarType.Float32, terms[0].A.device);
        var b = zeros([terms[0].B.shape[0], rank], ScalarType.Float32, terms[0].B.device);
        var at = 0L;
        foreach (var term in terms)
        {
            var own = term.A.shape[0];
            a.narrow(0, at, own).copy_(term.A.Times(term.Weight * term.Scale));
            b.narrow(1, at, own).copy_(term.B);
            at += own;
        }
        return (a, b);
    }

    private static (Tensor A, Tensor B) SingularValues(IReadOnlyList<Factors> terms, long rank)
    {
        var sum = terms.Select(f => f.B.mm(f.A).Times(f.Weight * f.Scale)).Aggregate((x, y) => x.Plus(y));
        var (u, s, vh) = linalg.svd(sum, fullMatrices: false);
        return (vh.narrow(0, 0, rank), u.narrow(1, 0, rank) * s.narrow(0, 0, rank));
    }
}
