using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// Mixed precision (Micikevicius and others 2017, arXiv:1710.03740) with bfloat16: weights, residual stream, norms and loss are float32, the factors and the
/// result of every matrix product bfloat16, as under torch's autocast. It is a state of the thread: layers ask here.
/// </summary>
internal static class MixedPrecision
{
    [ThreadStatic]
    private static bool isOn;

    /// <summary>True while products are made in bfloat16.</summary>
    public static bool IsOn => isOn;

    /// <summary>Makes products in bfloat16, or in their factors' dtype, on this thread, until disposed.</summary>
    public static IDisposable On(bool on = true)
    {
        var before = isOn;
        isOn = on;
        return new Restore(before);
    }

    /// <summary>What goes into a product: <paramref name="values"/> itself, or a bfloat16 copy, attached to the graph.</summary>
    public static Tensor Factor(Tensor values) => isOn && values.dtype == ScalarType.Float32 ? values.to(ScalarType.BFloat16) : values;

    /// <summary>x W^T + b.</summary>
    public static Tensor Linear(Tensor input, Tensor weight, Tensor? bias)
    {
        if (!isOn) return nn.functional.linear(input, weight, bias);
        using var scope = NewDisposeScope();
        return nn.functional.linear(Factor(input), Factor(weight), bias is null ? null : Factor(bias)).MoveToOuterDisposeScope();
    }

    private sealed class Restore(bool before) : IDisposable
    {
        public void Dispose() => isOn = before;
    }
}
