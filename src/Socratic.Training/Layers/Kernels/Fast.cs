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

    /// <summary>True for contiguous float32 on the processor, unless kernels are off.</summary>
    public static bool Applies(Tensor first, Tensor second) => !isOff && Fits(first) && Fits(second);

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

    private static bool Fits(Tensor tensor) => tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU && tensor.is_contiguous();

    private sealed class Restore(bool before) : IDisposable
    {
        public void Dispose() => isOff = before;
    }
}
