using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers.Kernels;

/// <summary>When kernels stand in for torch operators.</summary>
internal static class Fast
{
    [ThreadStatic]
    private static bool isOff;

    /// <summary>True while kernels are off on this thread.</summary>
    public static bool IsOff => isOff;

    /// <summary>True for contiguous float32 or bfloat16 on the processor, unless kernels are off.</summary>
    public static bool Applies(Tensor first, Tensor second) => !isOff && Fits(first) && Fits(second);

    /// <summary>True for the dtypes that kernels take.</summary>
    public static bool Computes(ScalarType dtype) => dtype is ScalarType.Float32 or ScalarType.BFloat16;

    /// <summary>
    /// The same in float32, in which kernels compute whatever their arguments are: between bfloat16 products that is one rounding where torch's operators
    /// round after each of several, and faster, for a processor multiplies bfloat16 in matrices only.
    /// </summary>
    public static Tensor Wide(Tensor tensor) => tensor.dtype == ScalarType.Float32 ? tensor : tensor.to(ScalarType.Float32);

    /// <summary>A kernel's result as the arguments' dtype has it.</summary>
    public static Tensor Narrow(Tensor tensor, ScalarType dtype) => tensor.dtype == dtype ? tensor : tensor.to(dtype);

    /// <summary>True if a graph has to be kept for one of them.</summary>
    public static bool NeedsGraph(params ReadOnlySpan<Tensor> inputs)
    {
        if (!is_grad_enabled()) return false;
        foreach (var input in inputs)
            if (input.requires_grad) return true;
        return false;
    }

    /// <summary>Torch operators alone, on this thread, until disposed.</summary>
    public static IDisposable Off(bool off = true)
    {
        var before = isOff;
        isOff = off;
        return new Restore(before);
    }

    private static bool Fits(Tensor tensor) => Computes(tensor.dtype) && tensor.device_type == DeviceType.CPU && tensor.is_contiguous();

    private sealed class Restore(bool before) : IDisposable
    {
        public void Dispose() => isOff = before;
    }
}
