using Microsoft.Extensions.Logging;
using Socratic.Training.Native;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>4-bit weights on a GPU: by the kernels where there are any, else by torch's operators.</summary>
internal static class GpuFourBit
{
    /// <summary>Makes a device's kernels ready, so that a warning, if there is one, comes when a model is loaded rather than never.</summary>
    internal static void Prepare(Device device, ILogger? logger) => KernelRuntime.Instance.Device(Ordinal(device), logger);

    /// <summary>True for tensors that a GPU must work on.</summary>
    internal static bool IsGpus(Tensor tensor) => Stand is not null || tensor.device_type == TorchSharp.DeviceType.CUDA;

    /// <summary>The launcher of such a tensor's device; null if torch's operators must do.</summary>
    internal static IKernelLauncher? LauncherOf(Tensor tensor) => Stand is { } stand ? stand.Launcher : KernelRuntime.Instance.Device(tensor.device_index);

    /// <summary>For tests: the CPU's tensors count as a GPU's whose kernels, if there are any, this launcher runs.</summary>
    internal static StandIn? Stand { get; set; }

    internal sealed record StandIn(IKernelLauncher? Launcher);

    /// <summary>Writes the weights to <paramref name="destination"/> (contiguous, the codes' device).</summary>
    internal static void Dequantize(IKernelLauncher? launcher, QuantizedTensor weight, Tensor destination)
    {
        if (launcher is null)
        {
            TorchFourBit.Dequantize(weight, destination);
            return;
        }
        KernelCalls.Dequantize(launcher, PointersOf(weight), destination.dtype, TensorMemory.Pointer(destination));
        GC.KeepAlive(weight);
        GC.KeepAlive(destination);
    }

    /// <summary>Quantizes a contiguous tensor where it lies. The parts are in no dispose scope.</summary>
    internal static (Tensor Packed, Tensor Absmax, NestedScales? Nested, bool IsFinite) Quantize(IKernelLauncher? launcher, Tensor weights, QuantizationOptions options, float? nestedOffset = null)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (packed, absmax) = FourBits(launcher, weights, options);
        using var finite = weights.isfinite();
        using var all = finite.all();
        var isFinite = all.cpu().item<bool>();
        NestedScales? nested = null;
        if (options.DoubleQuantization) (absmax, nested) = Nest(launcher, absmax, nestedOffset);
        foreach (var tensor in new[] { packed, absmax, nested?.Absmax, nested?.Map }) tensor?.DetachFromDisposeScope();
        return (packed, absmax, nested, isFinite);
    }

    /// <summary>True if <see cref="Product"/> can take these: kernels, few rows, one dtype they know.</summary>
    internal static bool CanMultiply(IKernelLauncher? launcher, QuantizedTensor weight, Tensor x, Tensor? bias)
        => launcher is not null && weight.Count > 0 && KernelEntry.Supports(x.dtype) && (bias is null || bias.dtype == x.dtype)
            && weight.Shape[0] <= int.MaxValue && weight.Shape[1] is > 0 and <= int.MaxValue && x.numel() / weight.Shape[1] is > 0 and <= KernelCalls.MostRows;

    /// <summary>y [..., outputs] = x [..., inputs] W^T (+ bias) for at most <see cref="KernelCalls.MostRows"/> rows, without a dense W. No gradient.</summary>
    internal static Tensor Product(IKernelLauncher launcher, QuantizedTensor weight, Tensor x, Tensor? bias)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (input, added) = (x.contiguous(), bias?.contiguous());
        var y = empty([.. x.shape[..^1], weight.Shape[0]], x.dtype, x.device);
        KernelCalls.Product(launcher, PointersOf(weight), x.dtype, TensorMemory.Pointer(input), added is null ? 0 : TensorMemory.Pointer(added), TensorMemory.Pointer(y),
            (int)(x.numel() / weight.Shape[1]), (int)weight.Shape[0], (int)weight.Shape[1]);
        GC.KeepAlive(weight);
        GC.KeepAlive(input);
        GC.KeepAlive(added);
        return y.MoveToOuterDisposeScope();
    }

    private static (Tensor Packed, Tensor Absmax) FourBits(IKernelLauncher? launcher, Tensor weights, QuantizationOptions options)
    {
        if (launcher is null) return TorchFourBit.Quantize(weights, options.Type, options.BlockSize);
        var count = weights.numel();
        var packed = empty([(count + 1) / 2, 1], ScalarType.Byte, weights.device);
        var absmax = empty([(count + options.BlockSize - 1) / options.BlockSize], ScalarType.Float32, weights.device);
        KernelCalls.Quantize(launcher, TensorMemory.Pointer(weights), weights.dtype, count, options.BlockSize, options.Type == QuantizationType.FP4, TensorMemory.Pointer(packed), TensorMemory.Pointer(absmax));
        GC.KeepAlive(weights);
        return (packed, absmax);
    }

    private static (Tensor Codes, NestedScales Nested) Nest(IKernelLauncher? launcher, Tensor scales, float? nestedOffset)
    {
        var (blocks, count, device) = (scales.numel(), NestedScales.DefaultBlockSize, scales.device);
        // Summed in double, as on the CPU: the mean then hangs on no order.
        var offset = nestedOffset ?? (blocks == 0 ? 0 : (float)(scales.sum(ScalarType.Float64).cpu().item<double>() / blocks));
        var map = tensor(DynamicMap.Signed.Values, device: device).clone();
        if (launcher is null)
        {
            var (byTorch, absmaxByTorch) = TorchFourBit.Quantize8(scales, offset, DynamicMap.Signed, count);
            return (byTorch, new NestedScales(absmaxByTorch, map, offset));
        }
        var codes = empty([blocks], ScalarType.Byte, device);
        var absmax = empty([(blocks + count - 1) / count], ScalarType.Float32, device);
        KernelCalls.Quantize8(launcher, TensorMemory.Pointer(scales), offset, TensorMemory.Pointer(map), blocks, count, TensorMemory.Pointer(codes), TensorMemory.Pointer(absmax));
        GC.KeepAlive(scales);
        return (codes, new NestedScales(absmax, map, offset));
    }

    private static FourBitPointers PointersOf(QuantizedTensor weight)
    {
        var pointers = new FourBitPointers(TensorMemory.Pointer(weight.Packed), 0, 0, 0, 0, 0, 0, weight.Count, weight.BlockSize, weight.Type == QuantizationType.FP4);
        return weight.Nested is not { } nested ? pointers with { Absmax = TensorMemory.Pointer(weight.Absmax) } : pointers with
        {
            Codes = TensorMemory.Pointer(weight.Absmax),
            Map = TensorMemory.Pointer(nested.Map),
            NestedAbsmax = TensorMemory.Pointer(nested.Absmax),
            Offset = nested.Offset,
            NestedBlockSize = nested.BlockSize,
        };
    }

    private static int Ordinal(Device device) => Math.Max(device.index, 0);
}
