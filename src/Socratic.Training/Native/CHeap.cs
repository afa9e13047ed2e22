using System.Runtime.InteropServices;

namespace Socratic.Training.Native;

/// <summary>The C library's heap, on which libtorch's tensors lie.</summary>
internal static partial class CHeap
{
    /// <summary>Gives freed blocks back to the system. Only glibc needs and has it.</summary>
    /// <returns>False where there is no such call.</returns>
    public static bool Trim()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            _ = MallocTrim(0);
            return true;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
        catch (DllNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallocTrim(nuint keep);
}
