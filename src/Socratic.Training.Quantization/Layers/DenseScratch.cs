using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Layers;

/// <summary>
/// The memory in which a weight stands while it is multiplied with: one buffer a thread, device and dtype, as large as the largest weight so far. A dense weight
/// lives there until the next one, and never has memory of its own.
/// </summary>
internal static class DenseScratch
{
    [ThreadStatic]
    private static Dictionary<(DeviceType, int, ScalarType), Tensor>? buffers;

    /// <summary>Room for a weight, with any content, until the next call on this thread. The caller disposes the view.</summary>
    public static Tensor Take(long[] shape, ScalarType dtype, Device device)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        using var part = Buffer(count, dtype, device).narrow(0, 0, count);
        return part.view(shape);
    }

    private static Tensor Buffer(long count, ScalarType dtype, Device device)
    {
        var key = (device.type, device.index, dtype);
        buffers ??= [];
        if (buffers.TryGetValue(key, out var buffer) && buffer.numel() >= count) return buffer;
        buffer?.Dispose();
        buffers.Remove(key);
        return buffers[key] = empty([count], dtype, device).DetachFromDisposeScope();
    }
}
