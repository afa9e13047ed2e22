using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>Attention in the reference's eager order of operations and roundings, from torch operators: the plain twin of every faster form.</summary>
internal static class EagerAttention
{
    /// <summary>Turns pairs (i, i + d/2) of [..., d] by their angles.</summary>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var half = x.shape[^1] / 2;
        var turned = cat([-x.narrow(-1, half, half), x.narrow(-1, 0, half)], -1);
        return (x * cos).Plus(turned * sin);
    }

    /// <summary>cap tanh(x / cap); x where there is no cap.</summary>
    public static Tensor SoftCap(Tensor x, Scalar? cap) => cap is null ? x : (x / cap).tanh() * cap;

    /// <summary>Which share each key has in each query's answer.</summary>
    /// <param name="queries">[rows, heads, count, d].</param>
    /// <param name="keys">[rows, shared, positions, d]; query head h uses number h / (heads / shared).</param>
    /// <param name="mask">What is added to the scores, [1 or rows, 1, 1, count, positions], or null.</param>
    /// <param name="scale">What scores are multiplied by.</param>
    /// <param name="cap">Their soft cap, or null.</param>
    /// <returns>[rows, heads, count, positions].</returns>
    public static Tensor Weights(Tensor queries, Tensor keys, Tensor? mask, Scalar scale, Scalar? cap)
    {
        var (rows, heads, count, d) = (queries.shape[0], queries.shape[1], queries.shape[2], queries.shape[3]);
        var (shared, positions) = (keys.shape[1], keys.shape[2]);
        // The query heads that share a key head stand one below the other, so that one product serves them all and no key is repeated.
        var stacked = queries.reshape(rows * shared, heads / shared * count, d);
        var scores = SoftCap(TensorMath.BatchedMatMul(stacked, keys.reshape(rows * shared, positions, d).transpose(1, 2)) * scale, cap);
        if (mask is not null) scores = scores.view(rows, shared, heads / shared, count, positions).Plus(mask);
        return scores.softmax(-1, ScalarType.Float32).to(queries.dtype).view(rows, heads, count, positions);
    }

    /// <summary>The values' mixture by <paramref name="weights"/>: [rows, heads, count, d].</summary>
    public static Tensor Mix(Tensor weights, Tensor values)
    {
        var (rows, heads, count, positions) = (weights.shape[0], weights.shape[1], weights.shape[2], weights.shape[3]);
        var (shared, d) = (values.shape[1], values.shape[3]);
        var stacked = weights.view(rows * shared, heads / shared * count, positions);
        return TensorMath.BatchedMatMul(stacked, values.reshape(rows * shared, positions, d)).view(rows, heads, count, d);
    }
}
