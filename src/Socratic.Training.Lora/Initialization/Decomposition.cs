using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Initialization;

/// <summary>First values that are a part of W itself; the base keeps the rest, W - scale B A.</summary>
internal static class Decomposition
{
    /// <summary>A [rank, in] and B [out, rank] of W [out, in], all float32.</summary>
    public static (Tensor A, Tensor B) Of(Tensor weight, LoraInitialization initialization, long rank, double scale)
    {
        if (initialization.Equals(LoraInitialization.Olora))
        {
            var (q, r) = linalg.qr(weight);
            return (r.narrow(0, 0, rank).contiguous(), q.narrow(1, 0, rank).contiguous());
        }
        // The leading singular values, half of each in A and in B, so that scale B A is their share of W.
        var (u, s, vh) = initialization.FastPissaIterations is { } iterations ? Leading(weight, rank, iterations) : linalg.svd(weight, fullMatrices: false);
        var root = s.narrow(0, 0, rank).DividedBy(scale).sqrt();
        return (root.unsqueeze(1) * vh.narrow(0, 0, rank), u.narrow(1, 0, rank) * root);
    }

    /// <summary>W - scale B A in float32, a new tensor.</summary>
    public static Tensor Residual(Tensor weight, Tensor a, Tensor b, double scale)
    {
        using var none = no_grad();
        using var product = b.mm(a);
        return weight.Plus(product, -scale);
    }

    /// <summary>Randomized decomposition (Halko, Martinsson, Tropp 2009, algorithms 4.4 and 5.1), with torch's draws.</summary>
    private static (Tensor U, Tensor S, Tensor Vh) Leading(Tensor weight, long rank, int iterations)
    {
        var isWide = weight.shape[0] < weight.shape[1];
        var tall = isWide ? weight.t() : weight;
        var q = linalg.qr(tall.mm(randn([tall.shape[1], rank], ScalarType.Float32))).Q;
        for (var i = 0; i < iterations; i++)
        {
            q = linalg.qr(tall.t().mm(q)).Q;
            q = linalg.qr(tall.mm(q)).Q;
        }
        var (u, s, vh) = linalg.svd(q.t().mm(tall), fullMatrices: false);
        u = q.mm(u);
        return isWide ? (vh.t(), s, u.t()) : (u, s, vh);
    }
}
