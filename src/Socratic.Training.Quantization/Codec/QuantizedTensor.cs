using System.Numerics;
using Socratic.Training.Native;
using Socratic.Training.Quantization.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Codec;

/// <summary>
/// Weights in 4 bits: packed codes and one scale a block, over the tensor's elements in the order in which they lie in memory. It owns its tensors, which no
/// dispose scope frees.
/// </summary>
internal sealed class QuantizedTensor : IDisposable
{
    /// <summary>Takes over the tensors, as they are found in a file.</summary>
    /// <param name="packed">uint8 [(count + 1) / 2, 1].</param>
    /// <param name="absmax">float32 [blocks], or uint8 [blocks] with <paramref name="nested"/>.</param>
    /// <param name="nested">What brings uint8 scales back; null for plain ones.</param>
    /// <param name="type">The code book.</param>
    /// <param name="blockSize">Weights a scale.</param>
    /// <param name="dtype">The dtype that the weights had.</param>
    /// <param name="shape">The shape that they had.</param>
    /// <exception cref="ArgumentException">These do not fit together; the message names what was found and what was expected.</exception>
    public QuantizedTensor(Tensor packed, Tensor absmax, NestedScales? nested, QuantizationType type, int blockSize, ScalarType dtype, long[] shape)
    {
        (Packed, Absmax, Nested, Type, BlockSize, Dtype, Shape) = (packed, absmax, nested, type, blockSize, dtype, shape);
        Count = shape.Aggregate(1L, (product, size) => checked(product * size));
        if (QuantizedTensorRules.Problem(this) is { } problem) throw new ArgumentException(problem);
    }

    public Tensor Packed { get; }

    public Tensor Absmax { get; }

    public NestedScales? Nested { get; }

    public QuantizationType Type { get; }

    public int BlockSize { get; }

    public ScalarType Dtype { get; }

    public long[] Shape { get; }

    /// <summary>How many weights there are.</summary>
    public long Count { get; }

    public long Blocks => (Count + BlockSize - 1) / BlockSize;

    /// <summary>False if the source held an infinity or NaN: the codes then follow the formula, but whoever loads weights refuses them.</summary>
    public bool SourceIsFinite { get; private init; } = true;

    /// <summary>Quantizes a tensor of any shape. The source is read where it lies; only one with gaps, or transposed, is copied first.</summary>
    /// <param name="source">float32, bfloat16 or float16, on the CPU or a GPU; the codes are made where it is.</param>
    /// <param name="options">Type, block size, and whether the scales are brought to 8 bits.</param>
    /// <param name="nestedOffset">For tests: the offset of nested scales instead of their mean.</param>
    /// <exception cref="ArgumentException">The options, the dtype or the device is not supported.</exception>
    public static unsafe QuantizedTensor Quantize(Tensor source, QuantizationOptions options, float? nestedOffset = null)
    {
        options.Check();
        QuantizedTensorRules.CheckWeights(source, nameof(source));
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var weights = source.is_contiguous() ? source : source.contiguous();
        if (GpuFourBit.IsGpus(weights))
        {
            var made = GpuFourBit.Quantize(GpuFourBit.LauncherOf(weights), weights, options, nestedOffset);
            return new QuantizedTensor(made.Packed, made.Absmax, made.Nested, options.Type, options.BlockSize, source.dtype, source.shape) { SourceIsFinite = made.IsFinite };
        }
        var count = source.numel();
        var packed = empty([(count + 1) / 2, 1], ScalarType.Byte);
        var absmax = empty([(count + options.BlockSize - 1) / options.BlockSize], ScalarType.Float32);
        var job = new FourBitJob
        {
            Weights = (void*)TensorMemory.Pointer(weights),
            Dtype = source.dtype,
            Count = count,
            Type = options.Type,
            BlockSize = options.BlockSize,
            Packed = (byte*)TensorMemory.Pointer(packed),
            Scales = (float*)TensorMemory.Pointer(absmax),
        };
        FourBitKernels.Quantize(&job);
        NestedScales? nested = null;
        if (options.DoubleQuantization) (absmax, nested) = NestedScales.Quantize(absmax, nestedOffset);
        foreach (var tensor in new[] { packed, absmax, nested?.Absmax, nested?.Map }) tensor?.DetachFromDisposeScope();
        return new QuantizedTensor(packed, absmax, nested, options.Type, options.BlockSize, source.dtype, source.shape) { SourceIsFinite = job.SawNonFinite == 0 };
    }

    /// <summary>The weights as a new tensor of the original shape.</summary>
    public Tensor Dequantize(ScalarType dtype)
    {
        var weights = empty(Shape, dtype, Packed.device);
        Dequantize(weights);
        return weights;
    }

    /// <summary>Writes the weights to a buffer, each rounded once from fp32 to the buffer's dtype. Nothing is allocated.</summary>
    /// <param name="destination">float32, bfloat16 or float16, with <see cref="Count"/> elements, contiguous, where the codes are.</param>
    public unsafe void Dequantize(Tensor destination)
    {
        QuantizedTensorRules.CheckWeights(destination, nameof(destination));
        if (destination.numel() != Count) throw new ArgumentException($"The buffer has {destination.numel()} elements, the weight {Count}.", nameof(destination));
        if (!destination.is_contiguous()) throw new ArgumentException("The buffer must be contiguous.", nameof(destination));
        if (destination.device_type != Packed.device_type || destination.device_index != Packed.device_index)
            throw new ArgumentException($"The buffer is on {destination.device}, the codes are on {Packed.device}.", nameof(destination));
        if (GpuFourBit.IsGpus(destination))
        {
            GpuFourBit.Dequantize(GpuFourBit.LauncherOf(destination), this, destination);
            return;
        }
        var job = Stored();
        job.Weights = (void*)TensorMemory.Pointer(destination);
        job.Dtype = destination.dtype;
        FourBitKernels.Dequantize(&job);
    }

    /// <summary>The scales as a new float32 tensor [blocks].</summary>
    public Tensor RestoredScales()
    {
        if (Nested is null) return Absmax.clone();
        if (GpuFourBit.IsGpus(Absmax)) return TorchFourBit.Scales(this);
        var scales = empty([Blocks], ScalarType.Float32);
        var values = scales.data<float>();
        var job = Stored();
        for (var block = 0L; block < Blocks; block++) values[block] = job.Scale(block);
        return scales;
    }

    public void Dispose()
    {
        Packed.Dispose();
        Absmax.Dispose();
        Nested?.Dispose();
    }

    private unsafe FourBitJob Stored()
    {
        var job = new FourBitJob { Count = Count, Type = Type, BlockSize = BlockSize, Packed = (byte*)TensorMemory.Pointer(Packed) };
        if (Nested is null)
        {
            job.Scales = (float*)TensorMemory.Pointer(Absmax);
        }
        else
        {
            job.NestedCodes = (byte*)TensorMemory.Pointer(Absmax);
            job.NestedScales = (float*)TensorMemory.Pointer(Nested.Absmax);
            job.NestedMap = (float*)TensorMemory.Pointer(Nested.Map);
            job.NestedShift = BitOperations.Log2((uint)Nested.BlockSize);
            job.NestedOffset = Nested.Offset;
        }
        return job;
    }
}
