using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Layers.Kernels;

namespace Socratic.Training.Quantization.Codec;

/// <summary>Blocks of fp32 numbers to the 8-bit dynamic data type and back, on torch's own threads.</summary>
internal static unsafe class EightBitKernels
{
    /// <summary>Fills codes and scales. A block of zeros, or with no finite reciprocal of its scale for another reason, has code 0 where the product is no number.</summary>
    public static void Quantize(float* values, long count, int blockSize, DynamicMap map, byte* codes, float* scales)
    {
        fixed (float* thresholds = map.Thresholds)
        fixed (byte* starts = map.Starts)
        {
            var job = new EightBitJob
            {
                Values = values, Count = count, BlockSize = blockSize, Codes = codes, Scales = scales, Search = new(starts, thresholds, map.Steps),
            };
            RowLoop.Run(job.Blocks, blockSize, &QuantizeBlocks, &job);
        }
    }

    /// <summary>Fills the values: one product each, rounded once.</summary>
    public static void Dequantize(byte* codes, float* scales, long count, int blockSize, DynamicMap map, float* values)
    {
        fixed (float* table = map.Values)
        {
            var job = new EightBitJob { Values = values, Count = count, BlockSize = blockSize, Codes = codes, Scales = scales, Map = table };
            RowLoop.Run(job.Blocks, blockSize, &DequantizeBlocks, &job);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)]), MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void QuantizeBlocks(long begin, long end, void* context)
    {
        var job = (EightBitJob*)context;
        for (var block = begin; block < end; block++)
        {
            var (start, length) = (block * job->BlockSize, job->Length(block));
            var largest = 0f;
            for (var i = 0; i < length; i++)
            {
                var magnitude = MathF.Abs(job->Values[start + i]);
                if (magnitude > largest) largest = magnitude;
            }
            job->Scales[block] = largest;
            var reciprocal = 1 / largest;
            for (var i = 0; i < length; i++) job->Codes[start + i] = job->Search.CodeOf(job->Values[start + i] * reciprocal);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)]), MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DequantizeBlocks(long begin, long end, void* context)
    {
        var job = (EightBitJob*)context;
        for (var block = begin; block < end; block++)
        {
            var start = block * job->BlockSize;
            for (var i = start; i < start + job->Length(block); i++) job->Values[i] = job->Map[job->Codes[i]] * job->Scales[block];
        }
    }
}
