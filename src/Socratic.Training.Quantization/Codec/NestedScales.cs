using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Codec;

/// <summary>What brings 8-bit scales back: scale = map[code] x absmax + offset, the product and the sum each rounded to fp32.</summary>
internal sealed class NestedScales : IDisposable
{
    internal const int DefaultBlockSize = 256;

    /// <summary>Takes over the tensors.</summary>
    /// <param name="absmax">float32 [blocks / <paramref name="blockSize"/>, rounded up].</param>
    /// <param name="map">float32 [256], ascending.</param>
    /// <param name="offset">The mean of the scales.</param>
    /// <param name="blockSize">How many scales share one of their own.</param>
    public NestedScales(Tensor absmax, Tensor map, float offset, int blockSize = DefaultBlockSize)
    {
        Absmax = absmax;
        Map = map;
        Offset = offset;
        BlockSize = blockSize;
    }

    /// <summary>float32, one for every <see cref="BlockSize"/> scales.</summary>
    public Tensor Absmax { get; }

    /// <summary>float32 [256].</summary>
    public Tensor Map { get; }

    public float Offset { get; }

    public int BlockSize { get; }

    /// <summary>Brings scales to 8 bits. <paramref name="scales"/>, float32 on the CPU, are overwritten by their distance from the mean.</summary>
    /// <param name="scales">float32 [blocks].</param>
    /// <param name="offset">What is taken off each; null takes the mean, summed in double, so that it does not depend on the order.</param>
    public static unsafe (Tensor Codes, NestedScales Nested) Quantize(Tensor scales, float? offset = null)
    {
        var values = new Span<float>((void*)TensorMemory.Pointer(scales), checked((int)scales.numel()));
        var mean = offset ?? Mean(values);
        foreach (ref var value in values) value -= mean;

        var codes = empty([values.Length], ScalarType.Byte);
        var absmax = empty([(values.Length + DefaultBlockSize - 1) / DefaultBlockSize], ScalarType.Float32);
        EightBitKernels.Quantize(
            (float*)TensorMemory.Pointer(scales), values.Length, DefaultBlockSize, DynamicMap.Signed, (byte*)TensorMemory.Pointer(codes), (float*)TensorMemory.Pointer(absmax));
        using var map = tensor(DynamicMap.Signed.Values);
        return (codes, new NestedScales(absmax, map.clone(), mean));
    }

    public void Dispose()
    {
        Absmax.Dispose();
        Map.Dispose();
    }

    private static float Mean(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values) sum += value;
        return values.Length == 0 ? 0 : (float)(sum / values.Length);
    }
}
