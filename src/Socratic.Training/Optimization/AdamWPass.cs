using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Socratic.Training.Native;

namespace Socratic.Training.Optimization;

/// <summary>One pass of AdamW over the memory of many parameters, on libtorch's threads.</summary>
internal sealed unsafe class AdamWPass
{
    private const int TaskLength = 1 << 14;

    // Below this many elements waking the other threads costs more than it saves.
    private const long ParallelFrom = 1 << 15;

    private readonly List<Work> tasks = [];
    private long elements;

    internal void Clear()
    {
        tasks.Clear();
        elements = 0;
    }

    internal void Add(OptimizerSlot slot, in AdamWConstants constants)
    {
        var p = (byte*)TensorMemory.Pointer(slot.Value);
        var g = (byte*)TensorMemory.Pointer(slot.Gradient!);
        var m = (byte*)TensorMemory.Pointer(slot.State[0]);
        var v = (byte*)TensorMemory.Pointer(slot.State[1]);
        var length = slot.Value.numel();
        var size = slot.IsBFloat16 ? sizeof(ushort) : sizeof(float);
        for (var start = 0L; start < length; start += TaskLength)
        {
            var offset = start * size;
            tasks.Add(new Work
            {
                Parameter = p + offset, Gradient = g + offset, Mean = m + offset, Square = v + offset,
                Length = (int)Math.Min(TaskLength, length - start), IsBFloat16 = slot.IsBFloat16, Constants = constants,
            });
        }
        elements += length;
    }

    internal void Run()
    {
        fixed (Work* first = CollectionsMarshal.AsSpan(tasks))
        {
            if (elements < ParallelFrom) Run(0, tasks.Count, first);
            else TorchThreads.For(0, tasks.Count, 1, &Run, first);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Run(long begin, long end, void* context) => Run(begin, end, (Work*)context);

    private static void Run(long begin, long end, Work* work)
    {
        for (var i = begin; i < end; i++)
        {
            ref var task = ref work[i];
            if (task.IsBFloat16) AdamWKernel.Update((ushort*)task.Parameter, (ushort*)task.Gradient, (ushort*)task.Mean, (ushort*)task.Square, task.Length, task.Constants);
            else AdamWKernel.Update((float*)task.Parameter, (float*)task.Gradient, (float*)task.Mean, (float*)task.Square, task.Length, task.Constants);
        }
    }

    private struct Work
    {
        public void* Parameter;
        public void* Gradient;
        public void* Mean;
        public void* Square;
        public int Length;
        public bool IsBFloat16;
        public AdamWConstants Constants;
    }
}
