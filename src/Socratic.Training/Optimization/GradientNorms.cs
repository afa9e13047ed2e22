using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>
/// The norm of each gradient, and the norm of those norms, as <c>clip_grad_norm_</c> takes it. One flat sum in fp32 over tens of millions of elements would be off by
/// a thousandth: squares are summed in fp32 over short blocks only, the blocks in fp64, always in the same order whatever the number of threads.
/// A sum of squares beyond fp32 is infinite, as in the reference.
/// </summary>
internal sealed unsafe class GradientNorms
{
    private const int BlockLength = 4096;
    private const int TaskLength = 4 * BlockLength;

    // Below this many elements waking the other threads costs more than it saves.
    private const long ParallelFrom = 1 << 15;

    private readonly IReadOnlyList<GradientSlot> slots;
    private readonly Work[] tasks;
    private readonly int[] owners;
    private readonly long elements;

    internal GradientNorms(IReadOnlyList<GradientSlot> slots)
    {
        this.slots = slots;
        var found = new List<(Work Work, int Owner)>();
        for (var i = 0; i < slots.Count; i++)
        {
            if (!slots[i].IsPlain) continue;
            var size = slots[i].IsBFloat16 ? sizeof(ushort) : sizeof(float);
            for (var start = 0L; start < slots[i].Length; start += TaskLength)
            {
                var length = (int)Math.Min(TaskLength, slots[i].Length - start);
                found.Add((new Work { Data = (byte*)slots[i].Pointer + start * size, Length = length, IsBFloat16 = slots[i].IsBFloat16 }, i));
            }
            elements += slots[i].Length;
        }
        tasks = GC.AllocateArray<Work>(found.Count, pinned: true);
        for (var i = 0; i < tasks.Length; i++) tasks[i] = found[i].Work;
        owners = [.. found.Select(f => f.Owner)];
    }

    internal GradientNorm Measure()
    {
        MeasurePlain();
        MeasureOthers();
        var sum = 0.0;
        var isBFloat16 = true;
        foreach (var slot in slots)
        {
            if (!slot.IsPresent) continue;
            isBFloat16 &= slot.IsBFloat16;
            sum += slot.Norm * slot.Norm;
        }
        var total = MathF.Sqrt((float)sum);
        return new GradientNorm(isBFloat16 ? BFloat16Bits.Round(total) : total, isBFloat16);
    }

    private void MeasurePlain()
    {
        if (tasks.Length == 0) return;
        var first = (Work*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(tasks));
        if (elements < ParallelFrom) SumSquares(0, tasks.Length, first);
        else TorchThreads.For(0, tasks.Length, 1, &SumSquares, first);

        for (var i = 0; i < tasks.Length;)
        {
            var (owner, sum) = (slots[owners[i]], 0.0);
            for (var of = owners[i]; i < tasks.Length && owners[i] == of; i++) sum += tasks[i].Result;
            var norm = MathF.Sqrt((float)sum);
            owner.Norm = owner.IsBFloat16 ? BFloat16Bits.Round(norm) : norm;
        }
    }

    private void MeasureOthers()
    {
        foreach (var group in slots.Where(s => s.IsPresent && !s.IsPlain).GroupBy(s => (s.View.dtype, s.View.device.type, s.View.device.index)))
        {
            var members = group.ToList();
            using var scope = NewDisposeScope();
            var norms = stack([.. members.Select(s => linalg.vector_norm(s.View))]).to(ScalarType.Float64).cpu().data<double>().ToArray();
            for (var i = 0; i < norms.Length; i++) members[i].Norm = norms[i];
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void SumSquares(long begin, long end, void* context) => SumSquares(begin, end, (Work*)context);

    private static void SumSquares(long begin, long end, Work* work)
    {
        for (var i = begin; i < end; i++)
        {
            ref var task = ref work[i];
            task.Result = task.IsBFloat16 ? SumSquares((ushort*)task.Data, task.Length) : SumSquares((float*)task.Data, task.Length);
        }
    }

    private static double SumSquares(ushort* values, int length)
    {
        var wide = stackalloc float[BlockLength];
        var sum = 0.0;
        for (var start = 0; start < length; start += BlockLength)
        {
            var count = Math.Min(BlockLength, length - start);
            BFloat16Bits.Widen(values + start, wide, count);
            sum += SumBlock(wide, count);
        }
        return sum;
    }

    internal static double SumSquares(float* values, int length)
    {
        var sum = 0.0;
        for (var start = 0; start < length; start += BlockLength) sum += SumBlock(values + start, Math.Min(BlockLength, length - start));
        return sum;
    }

    private static float SumBlock(float* values, int length)
    {
        var width = Vector<float>.Count;
        var (a, b, c, d) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var i = 0;
        for (; i <= length - 4 * width; i += 4 * width)
        {
            var (p, q) = (Vector.Load(values + i), Vector.Load(values + i + width));
            var (r, s) = (Vector.Load(values + i + 2 * width), Vector.Load(values + i + 3 * width));
            a += p * p;
            b += q * q;
            c += r * r;
            d += s * s;
        }
        var sum = Vector.Sum(a + b + (c + d));
        for (; i < length; i++) sum += values[i] * values[i];
        return sum;
    }

    private struct Work
    {
        public void* Data;
        public int Length;
        public bool IsBFloat16;
        public double Result;
    }
}
