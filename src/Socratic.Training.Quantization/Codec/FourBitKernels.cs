using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Layers.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Codec;

/// <summary>4 bits on the processor: over the blocks on torch's own threads, by the fastest way that the processor has.</summary>
internal static unsafe class FourBitKernels
{
    /// <summary>Fills <see cref="FourBitJob.Packed"/> and <see cref="FourBitJob.Scales"/> from the weights.</summary>
    public static void Quantize(FourBitJob* job) => Run(job, &QuantizeBlocks);

    /// <summary>Fills the weights from everything else.</summary>
    public static void Dequantize(FourBitJob* job) => Run(job, &DequantizeBlocks);

    private static void Run(FourBitJob* job, delegate* unmanaged[Cdecl]<long, long, void*, void> body)
    {
        job->Path = VectorPaths.Current;
        RowLoop.Run(job->Blocks, job->BlockSize, body, job);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void QuantizeBlocks(long begin, long end, void* context)
    {
        var job = (FourBitJob*)context;
        switch (job->Dtype)
        {
            case ScalarType.Float32: ScalarFourBit.Quantize<Float32>(job, begin, end); break;
            case ScalarType.BFloat16: ScalarFourBit.Quantize<BFloat16>(job, begin, end); break;
            default: ScalarFourBit.Quantize<Float16>(job, begin, end); break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void DequantizeBlocks(long begin, long end, void* context)
    {
        var job = (FourBitJob*)context;
        switch (job->Dtype)
        {
            case ScalarType.Float32: ScalarFourBit.Dequantize<Float32>(job, begin, end); break;
            case ScalarType.BFloat16: ScalarFourBit.Dequantize<BFloat16>(job, begin, end); break;
            default: ScalarFourBit.Dequantize<Float16>(job, begin, end); break;
        }
    }
}
