using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Soft cap and cross-entropy over rows of logits, float32 on the processor; a row of logits becomes its gradient in place.</summary>
internal static unsafe class CrossEntropyRows
{
    /// <summary>Each row's loss; the logits become their gradient if it is wanted, else anything.</summary>
    /// <param name="logits">float32 [rows, vocabulary], contiguous, before the cap.</param>
    /// <param name="targets">int64 [rows].</param>
    /// <param name="losses">float32 [rows].</param>
    /// <param name="cap">The soft cap, or null.</param>
    /// <param name="likeliest">int64 [rows], gets the likeliest ids; or null.</param>
    /// <param name="wantsGradient">Whether the logits become their gradient.</param>
    /// <param name="smoothing">The share of the loss that is spread evenly over the vocabulary.</param>
    public static void Run(Tensor logits, Tensor targets, Tensor losses, double? cap, Tensor? likeliest, bool wantsGradient, double smoothing = 0)
    {
        var job = new Job
        {
            Size = (int)logits.shape[1],
            Cap = (float)(cap ?? 0),
            WantsGradient = wantsGradient,
            Smoothing = smoothing,
            Logits = (float*)TensorMemory.Pointer(logits),
            Targets = (long*)TensorMemory.Pointer(targets),
            Losses = (float*)TensorMemory.Pointer(losses),
            Likeliest = likeliest is null ? null : (long*)TensorMemory.Pointer(likeliest),
        };
        RowLoop.Run(logits.shape[0], 3L * job.Size, &Rows, &job);
        GC.KeepAlive(likeliest);
    }

    private struct Job
    {
        public int Size;
        public float Cap;
        public bool WantsGradient;
        public double Smoothing;
        public float* Logits;
        public long* Targets;
        public float* Losses;
        public long* Likeliest;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Rows(long begin, long end, void* context)
    {
        ref readonly var job = ref *(Job*)context;
        for (var row = begin; row < end; row++)
        {
            var logits = job.Logits + row * job.Size;
            if (job.Likeliest is not null) job.Likeliest[row] = Likeliest(logits, job.Size);
            job.Losses[row] = job.Cap > 0
                ? Row<Capped>(job, logits, job.Cap, (int)job.Targets[row])
                : Row<Plain>(job, logits, 1, (int)job.Targets[row]);
        }
    }

    /// <summary>What stands in the row between the passes, and the slope that follows from it.</summary>
    private interface ICap
    {
        static abstract Vector<float> Stored(Vector<float> logits, float cap);

        static abstract Vector<float> Slope(Vector<float> stored);
    }

    /// <summary>The tanh stands in the row; the capped logit is cap times it.</summary>
    private readonly struct Capped : ICap
    {
        public static Vector<float> Stored(Vector<float> logits, float cap) => VectorMath.Tanh(logits / new Vector<float>(cap));

        public static Vector<float> Slope(Vector<float> stored) => Vector<float>.One - stored * stored;
    }

    /// <summary>The logit itself stands in the row.</summary>
    private readonly struct Plain : ICap
    {
        public static Vector<float> Stored(Vector<float> logits, float cap) => logits;

        public static Vector<float> Slope(Vector<float> stored) => Vector<float>.One;
    }

    private static float Row<TCap>(in Job job, float* row, float cap, int target)
        where TCap : ICap
    {
        var (width, size, smoothing) = (Vector<float>.Count, job.Size, job.Smoothing);
        var largest = Store<TCap>(row, size, cap);
        // Against the row's largest: small numbers keep their digits, and nothing overflows.
        var shift = new Vector<float>(largest);
        var sum = 0.0;
        for (var i = 0; i < size; i += width)
        {
            var count = Math.Min(width, size - i);
            var e = VectorMath.Exp((Load(row + i, count) - shift) * cap);
            if (count == width) sum += Vector.Sum(e);
            else
                for (var j = 0; j < count; j++) sum += e[j];
        }
        var wanted = (row[target] - largest) * (double)cap;
        if (smoothing != 0) wanted = (1 - smoothing) * wanted + smoothing * (Mean(row, size) - largest) * cap;
        var loss = Math.Log(sum) - wanted;
        if (!job.WantsGradient) return (float)loss;
        var slope = TCap.Slope(new Vector<float>(row[target]))[0];
        var (factor, even) = (new Vector<float>((float)(1 / sum)), new Vector<float>((float)(smoothing / size)));
        for (var i = 0; i < size; i += width)
        {
            var count = Math.Min(width, size - i);
            var stored = Load(row + i, count);
            var gradient = (VectorMath.Exp((stored - shift) * cap) * factor - even) * TCap.Slope(stored);
            if (count == width) Vector.Store(gradient, row + i);
            else VectorMath.StorePart(gradient, row + i, count);
        }
        row[target] -= (float)(1 - smoothing) * slope;
        return (float)loss;
    }

    private static double Mean(float* row, int size)
    {
        var sum = 0.0;
        for (var i = 0; i < size; i++) sum += row[i];
        return sum / size;
    }

    /// <summary>The first pass; gives the largest of what it stores.</summary>
    private static float Store<TCap>(float* row, int size, float cap)
        where TCap : ICap
    {
        var width = Vector<float>.Count;
        var largest = new Vector<float>(float.NegativeInfinity);
        for (var i = 0; i < size; i += width)
        {
            var count = Math.Min(width, size - i);
            var stored = TCap.Stored(count == width ? Vector.Load(row + i) : VectorMath.LoadPart(row + i, count, row[i]), cap);
            largest = Vector.Max(largest, stored);
            if (count == width) Vector.Store(stored, row + i);
            else VectorMath.StorePart(stored, row + i, count);
        }
        var result = largest[0];
        for (var i = 1; i < width; i++) result = Math.Max(result, largest[i]);
        return result;
    }

    private static Vector<float> Load(float* source, int count) => count == Vector<float>.Count ? Vector.Load(source) : VectorMath.LoadPart(source, count);

    /// <summary>The first of the largest.</summary>
    private static int Likeliest(float* row, int size)
    {
        var (best, at) = (row[0], 0);
        for (var i = 1; i < size; i++)
            if (row[i] > best) (best, at) = (row[i], i);
        return at;
    }
}
