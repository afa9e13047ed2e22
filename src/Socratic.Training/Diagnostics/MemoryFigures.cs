using System.Diagnostics;
using System.Globalization;
using Socratic.Training.Native;

namespace Socratic.Training.Diagnostics;

/// <summary>What the process and the GPU hold at a moment.</summary>
/// <param name="HostBytes">Resident memory of the process, in bytes.</param>
/// <param name="GpuBytes">Memory in use on the GPU, of all processes, in bytes; null without a GPU.</param>
/// <param name="GpuTotalBytes">Memory of the GPU, in bytes; null without a GPU.</param>
public readonly record struct MemoryFigures(long HostBytes, long? GpuBytes = null, long? GpuTotalBytes = null)
{
    /// <summary>The share of the GPU's memory in use, in percent; null without a GPU.</summary>
    public double? GpuPercent => GpuBytes is { } used && GpuTotalBytes is > 0 and var total ? 100.0 * used / total : null;

    /// <summary>
    /// What the process can still take without swapping, in bytes: free memory, or what its control groups leave, whichever is less; null where the system does
    /// not say.
    /// </summary>
    public static long? AvailableHostBytes()
    {
        if (!OperatingSystem.IsLinux())
        {
            var info = GC.GetGCMemoryInfo();
            return info.TotalAvailableMemoryBytes > 0 ? Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes) : null;
        }
        return (HostMemory.Available("/"), MemoryLimit.Left("/")) switch
        {
            (null, var left) => left,
            (var free, null) => free,
            var (free, left) => Math.Min(free.Value, left.Value),
        };
    }

    /// <summary>Reads the figures: about 15 microseconds on Linux.</summary>
    public static MemoryFigures Read()
    {
        var host = HostMemory.Resident();
        return CudaMemory.Read() is var (used, total) ? new MemoryFigures(host, used, total) : new MemoryFigures(host);
    }
}

/// <summary>Memory of the process.</summary>
internal static class HostMemory
{
    /// <summary>Resident bytes now.</summary>
    public static long Resident()
    {
        if (OperatingSystem.IsLinux() && TryRead("/proc/self/statm") is { } pages && pages.Split(' ') is [_, var resident, ..]
            && long.TryParse(resident, CultureInfo.InvariantCulture, out var count)) return count * Environment.SystemPageSize;
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    /// <summary>The most resident bytes so far.</summary>
    public static long Peak()
    {
        if (OperatingSystem.IsLinux() && TryRead("/proc/self/status") is { } status && PeakOf(status) is { } peak) return peak;
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>Bytes that can be taken without swapping.</summary>
    public static long? Available(string root) => TryRead(Path.Combine(root, "proc/meminfo")) is { } text ? Kibibytes(text, "MemAvailable:") : null;

    internal static long? PeakOf(string status) => Kibibytes(status, "VmHWM:");

    private static long? Kibibytes(string text, string key)
    {
        foreach (var line in text.Split('\n'))
        {
            if (!line.StartsWith(key, StringComparison.Ordinal)) continue;
            var value = line[key.Length..].Replace("kB", "", StringComparison.Ordinal);
            return long.TryParse(value, CultureInfo.InvariantCulture, out var kibibytes) ? kibibytes * 1024 : null;
        }
        return null;
    }

    internal static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
