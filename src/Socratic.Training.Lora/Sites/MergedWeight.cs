using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>The arithmetic of merging: a sum in float32 and one rounding, or each share rounded first; never a weight that is not finite.</summary>
internal static class MergedWeight
{
    /// <summary>original + the sum of shares, in the original's dtype. The shares, float32, are used up.</summary>
    public static Tensor Add(Tensor original, IEnumerable<Tensor> shares, bool roundShare, string path)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var sum = roundShare ? original.clone() : original.to(ScalarType.Float32, copy: true);
        foreach (var share in shares) sum.PlusInPlace(share.to(sum.dtype));
        return Checked(sum.to(original.dtype), path).MoveToOuterDisposeScope();
    }

    /// <summary>The tensor itself.</summary>
    /// <exception cref="InvalidOperationException">It holds NaN or infinity.</exception>
    public static Tensor Checked(Tensor merged, string path)
    {
        using var scope = NewDisposeScope();
        return merged.isfinite().all().ToBoolean() ? merged
            : throw new InvalidOperationException($"The merged weight of '{path}' holds NaN or infinity: an adapter is broken. Nothing was merged.");
    }
}
