using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Socratic.Training.Native;

/// <summary>Loads a shared library from memory (Linux): nothing is written to disk.</summary>
internal static partial class MemoryLibrary
{
    internal static IntPtr Load(string name, byte[] image)
    {
        var descriptor = Create(name, 0);
        if (descriptor < 0) throw new IOException($"memfd_create failed with error {Marshal.GetLastPInvokeError()}.");
        // The descriptor stays open: the loader's mapping is named by it.
        using (var file = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write)) file.Write(image);
        return NativeLibrary.Load($"/proc/self/fd/{descriptor}");
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Create(string name, uint flags);
}
