using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Socratic.Training.Layers.Kernels;

/// <summary>
/// Ends a custom function's backward. libtorch copies the gradients it is given at once, but the .NET objects would hold their memory until the step's scope
/// ends: all layers' gradients at the same time. So the incoming gradient goes now, and those given back go when the next backward of the thread ends.
/// </summary>
internal static class GradientHandover
{
    [ThreadStatic]
    private static List<Tensor>? given;

    /// <summary>What <c>backward</c> returns: one entry an argument of <c>forward</c>, null where there is no gradient.</summary>
    public static List<Tensor> Give(Tensor gradOutput, params ReadOnlySpan<Tensor?> gradients)
    {
        given ??= [];
        foreach (var old in given) old.Dispose();
        given.Clear();
        var result = new List<Tensor>(gradients.Length);
        foreach (var gradient in gradients)
        {
            result.Add(gradient!);
            if (gradient is not null) given.Add(gradient.DetachFromDisposeScope());
        }
        gradOutput.Dispose();
        return result;
    }

    /// <summary>Takes an incoming gradient that is none out of <see cref="Tensor.TotalCount"/>: TorchSharp counts it when it is made, but not when it goes.</summary>
    public static void Uncount(Tensor none) => Interlocked.Decrement(ref TotalCount(none));

    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = "_totalCount")]
    private static extern ref long TotalCount(Tensor type);
}
