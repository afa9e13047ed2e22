using System.Runtime.InteropServices;

namespace Socratic.Training.Native;

/// <summary>
/// A GPU's memory, by the driver and by torch's allocator. Both libraries are asked for by name at run time: without an NVIDIA driver, or without
/// torch's CUDA libraries, there simply is no figure.
/// </summary>
internal static unsafe class CudaMemory
{
    private static readonly Lazy<nint> MemoryInfo = new(() => Export("cuMemGetInfo_v2", "libcuda.so.1", "nvcuda.dll"));

    // The name as the compilers of Linux and Windows write it. Builds in which it is inline do not have it.
    private static readonly Lazy<nint> Cache = new(() =>
    {
        foreach (var symbol in new[] { "_ZN3c104cuda20CUDACachingAllocator10emptyCacheEv", "?emptyCache@CUDACachingAllocator@cuda@c10@@YAXXZ" })
            if (Export(symbol, "libc10_cuda.so", "c10_cuda.dll") is var found && found != 0) return found;
        return 0;
    });

    /// <summary>Bytes in use and bytes there are on the GPU that the calling thread uses; null if it uses none.</summary>
    public static (long Used, long Total)? Read()
    {
        if (MemoryInfo.Value == 0) return null;
        nuint free = 0, total = 0;
        // A thread without a context gets an error code: torch has not used the GPU there.
        var code = ((delegate* unmanaged<nuint*, nuint*, int>)MemoryInfo.Value)(&free, &total);
        return code == 0 && total > 0 ? ((long)(total - free), (long)total) : null;
    }

    /// <summary>Empties torch's cache of freed GPU blocks.</summary>
    /// <returns>False if torch's library does not offer it; true if it is done.</returns>
    public static bool EmptyCache()
    {
        if (Cache.Value == 0) return false;
        ((delegate* unmanaged<void>)Cache.Value)();
        return true;
    }

    private static nint Export(string symbol, string linux, string windows)
        => NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? windows : linux, typeof(CudaMemory).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, symbol, out var address) ? address : 0;
}
