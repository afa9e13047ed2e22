using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Socratic.Training.Native;

/// <summary>Finds and loads libtorch. TorchSharp loads it by itself; this helps where it cannot, and says in one sentence what is missing.</summary>
public static class TorchRuntime
{
    private const string Binding = "LibTorchSharp";

    /// <summary>Checks that libtorch can be loaded, before TorchSharp is touched: what it does on failure cannot be undone in the process.</summary>
    /// <exception cref="TorchUnavailableException">It cannot; the message names the reason and the fix.</exception>
    public static void EnsureAvailable()
    {
        if (NativeProbe.Diagnose(new NativeFiles()) is { } reason) throw new TorchUnavailableException(reason);
    }

    // The event is raised only after every ordinary way of loading has failed, so nothing is read or loaded where TorchSharp manages alone.
#pragma warning disable CA2255 // A module initializer in a library: allocator settings and the fallback must stand before the first torch call, whoever makes it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Prepare()
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux)) AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name == Binding ? LoadPatched() : IntPtr.Zero;
        ProcessTuning.Apply();
    }

    /// <summary>The second line of defence, for programs built without the package's build step: a patched copy in memory, loaded by its descriptor.</summary>
    private static IntPtr LoadPatched()
    {
        var files = new NativeFiles();
        if (files.Find("lib" + Binding + ".so") is not { } original) return IntPtr.Zero;
        var folder = Path.GetDirectoryName(original)!;
        try
        {
            var image = File.ReadAllBytes(original);
            if (!LibTorchSharpPatch.Apply(image)) return IntPtr.Zero;
            // glibc finds these by name once they are loaded; the copy in memory has no folder of its own to look in.
            foreach (var library in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" }) NativeLibrary.Load(Path.Combine(folder, library));
            return MemoryLibrary.Load("lib" + Binding + ".so", image);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or DllNotFoundException or BadImageFormatException or UnauthorizedAccessException)
        {
            return IntPtr.Zero;
        }
    }
}

/// <summary>libtorch cannot be loaded.</summary>
public sealed class TorchUnavailableException : Exception
{
    /// <summary>Creates the error.</summary>
    public TorchUnavailableException(string message)
        : base(message)
    {
    }
}
