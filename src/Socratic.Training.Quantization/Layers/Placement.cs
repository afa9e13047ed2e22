using Socratic.Training.Quantization.Codec;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Layers;

/// <summary>Where codes lie.</summary>
internal static class Placement
{
    /// <summary>The codes on a device; the tensor itself if they are there, else it is used up.</summary>
    public static QuantizedTensor To(this QuantizedTensor weight, Device device)
    {
        if (weight.Packed.device_type == device.type && (device.type == DeviceType.CPU || weight.Packed.device_index == device.index)) return weight;
        Tensor Moved(Tensor tensor) => tensor.to(device).DetachFromDisposeScope();
        var nested = weight.Nested is { } n ? new NestedScales(Moved(n.Absmax), Moved(n.Map), n.Offset, n.BlockSize) : null;
        var moved = new QuantizedTensor(Moved(weight.Packed), Moved(weight.Absmax), nested, weight.Type, weight.BlockSize, weight.Dtype, weight.Shape);
        weight.Dispose();
        return moved;
    }
}
