using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Quantization.Codec.Dequantizing;
using Socratic.Training.Quantization.Codec.Elements;
using Socratic.Training.Quantization.Codec.Quantizing;
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
            case ScalarType.Float32: Quantize<Float32>(job, begin, end); break;
            case ScalarType.BFloat16: Quantize<BFloat16>(job, begin, end); break;
            default: Quantize<Float16>(job, begin, end); break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void DequantizeBlocks(long begin, long end, void* context)
    {
        var job = (FourBitJob*)context;
        switch (job->Dtype)
        {
            case ScalarType.Float32: Dequantize<Float32>(job, begin, end); break;
            case ScalarType.BFloat16: Dequantize<BFloat16>(job, begin, end); break;
            default: Dequantize<Float16>(job, begin, end); break;
        }
    }

    private static void Quantize<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        switch (job->Path)
        {
            case VectorPath.Avx512: VectorQuantizer.Run<T, Ranks512>(job, begin, end); break;
            case VectorPath.Avx2: VectorQuantizer.Run<T, Ranks256>(job, begin, end); break;
            case VectorPath.Vector128: VectorQuantizer.Run<T, Ranks128>(job, begin, end); break;
            default: ScalarQuantizer.Run<T>(job, begin, end); break;
        }
    }

    private static void Dequantize<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        switch (job->Path)
        {
            case VectorPath.Avx512: Avx512Dequantizer.Run<T>(job, begin, end); break;
            case VectorPath.Avx2: Avx2Dequantizer.Run<T>(job, begin, end); break;
            case VectorPath.Vector128: Vector128Dequantizer.Run<T>(job, begin, end); break;
            default: ScalarDequantizer.Run<T>(job, begin, end); break;
        }
    }
}
