using System.Runtime.InteropServices;

namespace Socratic.Training.Layers.Kernels;

/// <summary>Memory of a thread that kernels work in; it grows to what was needed most and is used again.</summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? ofThread;

    private float* memory;
    private long size;

    ~Scratch() => NativeMemory.AlignedFree(memory);

    /// <summary>Room for so many numbers, with any content, until the next call on this thread.</summary>
    public static float* Take(long count) => (ofThread ??= new Scratch()).Grow(count);

    private float* Grow(long count)
    {
        if (count <= size) return memory;
        NativeMemory.AlignedFree(memory);
        memory = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
        size = count;
        return memory;
    }
}
