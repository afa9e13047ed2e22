using System.Runtime.InteropServices;

namespace Socratic.Training.Quantization.Tests.Kernels.Shim;

/// <summary>Address space of any size, of which only what is touched takes memory.</summary>
internal sealed unsafe partial class SparseBuffer : IDisposable
{
    private const int ReadWrite = 3, PrivateAnonymousNoReserve = 0x2 | 0x20 | 0x4000;

    private readonly nint start;
    private readonly long length;

    internal SparseBuffer(long bytes)
    {
        (start, length) = (Map(0, (nuint)bytes, ReadWrite, PrivateAnonymousNoReserve, -1, 0), bytes);
        if (start == -1) Assert.Skip($"The system gives no {bytes >> 30} GiB of address space.");
    }

    internal nint Pointer => start;

    /// <summary>The last bytes.</summary>
    internal Span<byte> End(int bytes) => new((byte*)start + length - bytes, bytes);

    public void Dispose() => _ = Unmap(start, (nuint)length);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
