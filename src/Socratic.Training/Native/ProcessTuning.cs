using System.Runtime.InteropServices;

namespace Socratic.Training.Native;

/// <summary>
/// Settings that must stand before libtorch loads. The C allocator: blocks up to 2 MB come from the heap, larger ones in huge pages; without that a fresh 80 MB tensor
/// costs ten times a reused one, in page faults. libgomp: its threads wait at barriers by spinning, which is deadly beside any other busy thread (a run took 50 times
/// as long on a loaded machine), so they spin briefly and then sleep. Variables that are set already stay. Turned off by the runtime setting
/// <c>Socratic.Training.TuneProcess</c> = false.
/// </summary>
internal static partial class ProcessTuning
{
    internal const string Switch = "Socratic.Training.TuneProcess";

    private const int MmapThreshold = -3;

    internal static void Apply()
    {
        if (!OperatingSystem.IsLinux() || (AppContext.TryGetSwitch(Switch, out var on) && !on)) return;
        try
        {
            // .NET's own environment does not reach the C library's.
            _ = SetEnvironment("THP_MEM_ALLOC_ENABLE", "1", 0);
            if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null) _ = SetEnvironment("GOMP_SPINCOUNT", "2000", 0);
            _ = AllocatorOption(MmapThreshold, 2 * 1024 * 1024);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            // musl has no mallopt: its allocator stays as it is.
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int AllocatorOption(int option, int value);
}
