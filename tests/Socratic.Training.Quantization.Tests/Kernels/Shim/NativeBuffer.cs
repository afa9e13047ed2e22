using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Socratic.Training.Quantization.Tests.Kernels.Shim;

/// <summary>
/// Memory of exactly the size asked for, 256-byte aligned as torch's CUDA allocator gives it (or a little past that, as a view has it), poisoned,
/// and looked at when it is freed: nobody may have written beside it.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    // Under AddressSanitizer the allocation ends where the buffer ends, so that reading on is seen as well. Its own posix_memalign is the process's first;
    // NativeMemory rounds sizes up.
    private static readonly delegate* unmanaged<void**, nuint, nuint, int> Exact = Sanitizer.IsLoaded
        ? (delegate* unmanaged<void**, nuint, nuint, int>)NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "posix_memalign") : null;

    private static readonly int Fence = Exact == null ? 64 : 0;

    /// <summary>On a GPU machine: memory that processor and GPU both see, never given back.</summary>
    internal static Func<nuint, nint>? Shared { get; set; }

    private readonly bool isShared = Shared is not null;

    private readonly byte* start;
    private readonly int shift;
    private readonly int length;

    internal NativeBuffer(long bytes, int shift = 0)
    {
        this.shift = shift;
        length = checked((int)bytes);
        void* memory;
        if (Shared is { } shared) memory = (void*)shared((nuint)(length + shift + Fence));
        else if (Exact == null) memory = NativeMemory.AlignedAlloc((nuint)(length + shift + Fence), 256);
        else if (Exact(&memory, 256, (nuint)(length + shift)) != 0) throw new OutOfMemoryException();
        start = (byte*)memory;
        new Span<byte>(start, length + shift + Fence).Fill(0xA5);
    }

    internal nint Pointer => (nint)(start + shift);

    internal Span<byte> Bytes => new(start + shift, length);

    internal static NativeBuffer Of(ReadOnlySpan<byte> bytes, int shift = 0)
    {
        var buffer = new NativeBuffer(bytes.Length, shift);
        bytes.CopyTo(buffer.Bytes);
        return buffer;
    }

    internal static NativeBuffer Of<T>(ReadOnlySpan<T> values, int shift = 0) where T : unmanaged => Of(MemoryMarshal.AsBytes(values), shift);

    internal Span<T> As<T>() where T : unmanaged => MemoryMarshal.Cast<byte, T>(Bytes);

    public void Dispose()
    {
        var whole = new Span<byte>(start, shift + length + Fence);
        var clean = whole[..shift].IndexOfAnyExcept((byte)0xA5) < 0 && whole[(shift + length)..].IndexOfAnyExcept((byte)0xA5) < 0;
        if (!isShared) NativeMemory.AlignedFree(start);
        // An exception in flight says more than this one.
        if (!clean && Marshal.GetExceptionPointers() == 0) throw new InvalidOperationException("A kernel wrote beside its buffer.");
        GC.KeepAlive(this);
    }

    public override string ToString() => $"{length} bytes at {(nint)Unsafe.AsPointer(ref *start):x}";
}
