using System.Collections.Concurrent;
using Socratic.Training.Quantization.Codec;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Optimization;

/// <summary>The 8-bit maps of both moments on each device, copied there once for the life of the process.</summary>
internal static class GpuMaps
{
    private static readonly ConcurrentDictionary<(DeviceType, int), (Tensor Signed, Tensor Unsigned)> Maps = new();

    /// <summary>float32 [256] each.</summary>
    internal static (Tensor Signed, Tensor Unsigned) Of(Device device)
        => Maps.GetOrAdd((device.type, device.index), _ => (Kept(DynamicMap.Signed, device), Kept(DynamicMap.Unsigned, device)));

    private static Tensor Kept(DynamicMap map, Device device)
    {
        using var values = tensor(map.Values, device: device);
        return values.clone().DetachFromDisposeScope();
    }
}
