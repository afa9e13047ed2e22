using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Codec.Elements;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Optimization;

/// <summary>The update of <see cref="AdamW8Bit"/> on the processor, block by block on torch's own threads. Every operation is rounded by itself.</summary>
internal static unsafe class AdamW8Kernel
{
    public static void Run(AdamW8Job job)
    {
        fixed (float* map1 = DynamicMap.Signed.Values, map2 = DynamicMap.Unsigned.Values, thresholds1 = DynamicMap.Signed.Thresholds, thresholds2 = DynamicMap.Unsigned.Thresholds)
        fixed (byte* starts1 = DynamicMap.Signed.Starts, starts2 = DynamicMap.Unsigned.Starts)
        {
            job.Map1 = map1;
            job.Map2 = map2;
            job.Search1 = new EightBitSearch(starts1, thresholds1, DynamicMap.Signed.Steps);
            job.Search2 = new EightBitSearch(starts2, thresholds2, DynamicMap.Unsigned.Steps);
            RowLoop.Run(job.Blocks, AdamW8Job.BlockSize, &Blocks, &job);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Blocks(long begin, long end, void* context)
    {
        var job = (AdamW8Job*)context;
        switch (job->Dtype)
        {
            case ScalarType.Float32: Run<Float32>(job, begin, end); break;
            case ScalarType.BFloat16: Run<BFloat16>(job, begin, end); break;
            default: Run<Float16>(job, begin, end); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<T>(AdamW8Job* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var moments = stackalloc float[2 * AdamW8Job.BlockSize];
        for (var block = begin; block < end; block++)
        {
            var start = block * AdamW8Job.BlockSize;
            var length = job->Length(block);
            var parameter = (T*)job->Parameter + start;
            var gradient = (T*)job->Gradient + start;
            if (job->Is8Bit)
            {
                var mean = moments;
                var square = moments + AdamW8Job.BlockSize;
                Restore((byte*)job->State1 + start, job->Absmax1[block], job->Map1, length, mean);
                Restore((byte*)job->State2 + start, job->Absmax2[block], job->Map2, length, square);
                Update(parameter, gradient, mean, square, length, job);
                Store(mean, length, job->Search1, job->Map1, (byte*)job->State1 + start, job->Absmax1 + block);
                Store(square, length, job->Search2, null, (byte*)job->State2 + start, job->Absmax2 + block);
            }
            else
            {
                Update(parameter, gradient, (float*)job->State1 + start, (float*)job->State2 + start, length, job);
            }
        }
    }

    private static void Restore(byte* codes, float scale, float* map, int length, float* moments)
    {
        for (var i = 0; i < length; i++) moments[i] = map[codes[i]] * scale;
    }

    // A gradient that is not finite forgets both moments of its value and leaves the value alone.
    private static void Update<T>(T* parameter, T* gradient, float* mean, float* square, int length, AdamW8Job* job) where T : unmanaged, IElement<T>
    {
        var (step, scale) = (job->Step, job->Scale);
        var (rest1, rest2) = (job->Rest1, job->Rest2);
        var (before, after) = job->Is8Bit ? (1f, step.Decay) : (step.Decay, 1f);
        for (var i = 0; i < length; i++)
        {
            var g = T.Read(gradient[i]) * scale;
            if (!float.IsFinite(g))
            {
                mean[i] = square[i] = 0;
                continue;
            }
            square[i] = square[i] * step.Beta2 + rest2 * g * g;
            mean[i] = mean[i] * step.Beta1 + rest1 * g;
            var moved = T.Round(T.Read(parameter[i]) * before + step.Size * (mean[i] / (MathF.Sqrt(square[i]) + step.Epsilon)));
            parameter[i] = T.Round(T.Read(moved) * after);
        }
    }

    // Divided by the new scale, not multiplied by its reciprocal. With a map given, a code whose value has the other sign than the moment moves by one.
    private static void Store(float* moments, int length, EightBitSearch search, float* signs, byte* codes, float* scale)
    {
        var largest = 0f;
        for (var i = 0; i < length; i++)
        {
            var magnitude = MathF.Abs(moments[i]);
            if (magnitude > largest) largest = magnitude;
        }
        *scale = largest;
        for (var i = 0; i < length; i++)
        {
            var code = search.CodeOf(moments[i] / largest);
            if (signs != null && float.IsNegative(signs[code]) != float.IsNegative(moments[i])) code = (byte)(code + (moments[i] > 0 ? 1 : -1));
            codes[i] = code;
        }
    }
}
