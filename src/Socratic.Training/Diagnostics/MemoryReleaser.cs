using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Socratic.Training.Native;

namespace Socratic.Training.Diagnostics;

/// <summary>
/// Gives memory back to the system: unreachable managed objects (and with them forgotten tensors), freed blocks of the C heap on glibc, and on a GPU the blocks that torch's
/// allocator keeps. It takes some tens of milliseconds: right after loading, after an evaluation or every few dozen updates, never each step.
/// </summary>
public class MemoryReleaser
{
    private readonly ILogger log;
    private bool warned;

    /// <summary>Creates a releaser.</summary>
    /// <param name="loggerFactory">Told once if torch's GPU cache cannot be emptied; null for nobody.</param>
    public MemoryReleaser(ILoggerFactory? loggerFactory = null) => log = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<MemoryReleaser>();

    /// <summary>Gives memory back.</summary>
    /// <returns>Resident memory before and after, in bytes.</returns>
    public virtual ReleasedMemory Release()
    {
        var before = HostMemory.Resident();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        CHeap.Trim();
        if (CudaMemory.Read() is not null && !CudaMemory.EmptyCache() && !warned)
        {
            warned = true;
            log.GpuCacheStays();
        }
        return new ReleasedMemory(before, HostMemory.Resident());
    }
}

/// <summary>What giving memory back achieved.</summary>
/// <param name="BytesBefore">Resident memory before, in bytes.</param>
/// <param name="BytesAfter">Resident memory after, in bytes.</param>
public readonly record struct ReleasedMemory(long BytesBefore, long BytesAfter);
