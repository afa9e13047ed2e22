using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Codec;

/// <summary>What must hold before raw memory is touched.</summary>
internal static class QuantizedTensorRules
{
    /// <exception cref="ArgumentException">Of another dtype, or neither on the CPU nor on a GPU.</exception>
    public static void CheckWeights(Tensor weights, string parameter)
    {
        if (weights.dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16))
            throw new ArgumentException($"Weights of {weights.dtype} cannot be brought to or from 4 bits: expected Float32, BFloat16 or Float16.", parameter);
        if (weights.device_type is not (DeviceType.CPU or DeviceType.CUDA))
            throw new ArgumentException($"Weights on {weights.device} cannot be brought to or from 4 bits: expected the CPU or a CUDA device.", parameter);
    }

    /// <summary>What is wrong with the parts of a quantized tensor, or null.</summary>
    public static string? Problem(QuantizedTensor tensor)
    {
        if (!Enum.IsDefined(tensor.Type)) return $"Quantization type {(int)tensor.Type} is unknown: expected NF4 or FP4.";
        if (!QuantizationOptions.IsBlockSize(tensor.BlockSize)) return $"Block size {tensor.BlockSize}: expected a power of two from {QuantizationOptions.SmallestBlock} to {QuantizationOptions.LargestBlock}.";
        if (tensor.Dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16)) return $"Dtype {tensor.Dtype}: expected Float32, BFloat16 or Float16.";
        return Part("Packed codes", tensor.Packed, ScalarType.Byte, (tensor.Count + 1) / 2)
            ?? Part("Scales", tensor.Absmax, tensor.Nested is null ? ScalarType.Float32 : ScalarType.Byte, tensor.Blocks)
            ?? (tensor.Nested is null ? null : Problem(tensor.Nested, tensor.Blocks));
    }

    private static string? Problem(NestedScales nested, long blocks)
    {
        if (nested.BlockSize < 1 || !BitOperations.IsPow2(nested.BlockSize)) return $"Nested block size {nested.BlockSize}: expected a power of two.";
        return Part("Nested scales", nested.Absmax, ScalarType.Float32, (blocks + nested.BlockSize - 1) / nested.BlockSize)
            ?? Part("The nested map", nested.Map, ScalarType.Float32, 256);
    }

    private static string? Part(string what, Tensor part, ScalarType dtype, long count)
        => part.dtype == dtype && part.numel() == count && part.is_contiguous() ? null
            : $"{what}: {part.dtype} [{string.Join(", ", part.shape)}]{(part.is_contiguous() ? "" : ", not contiguous,")} where {dtype} with {count} elements is expected.";
}
