using System.Runtime.InteropServices;

namespace Socratic.Training.Native;

/// <summary>Tells apart why libtorch does not load: no package, another version's, another system's, or a system library that is too old.</summary>
internal static class NativeProbe
{
    internal const string LibtorchVersion = "2.10";

    private const string Packages = "TorchSharp-cpu, TorchSharp-cuda-linux or TorchSharp-cuda-windows";

    /// <summary>The reason and the fix in one sentence, or null if it loads.</summary>
    internal static string? Diagnose(INativeFiles files)
    {
        if (files.IsLoaded) return null;
        var binding = files.Find(files.FileName("LibTorchSharp"));
        var torch = files.Find(files.FileName("torch_cpu"));
        if (binding is null && torch is null)
        {
            return files.FindForAnotherSystem() is { } foreign
                ? $"The libtorch in the program's folder is for another system ({foreign}); this is {files.RuntimeIdentifier}. Build or publish for {files.RuntimeIdentifier}, or without a RuntimeIdentifier."
                : $"libtorch was not found: reference one of {Packages} in the program's project (libraries leave that choice to the program).";
        }
        if (binding is null) return $"libtorch was found ({torch}) but not TorchSharp's {files.FileName("LibTorchSharp")}: reference {Packages} instead of a bare libtorch package.";
        if (torch is null) return $"TorchSharp's {files.FileName("LibTorchSharp")} was found ({binding}) but not libtorch: reference one of {Packages} in the program's project.";
        return files.TryLoad(torch, binding) is not { } error
            ? null
            : $"libtorch was found ({Path.GetDirectoryName(torch)}) but does not load: {error} TorchSharp 0.107 needs libtorch {LibtorchVersion}; check that every TorchSharp package has one version, and that glibc is 2.34 or newer.";
    }
}

/// <summary>What the probe looks at; a seam for its tests.</summary>
internal interface INativeFiles
{
    /// <summary>True once the binding is loaded in this process.</summary>
    bool IsLoaded { get; }

    string RuntimeIdentifier { get; }

    /// <summary>A library's file name on this system.</summary>
    string FileName(string library);

    /// <summary>The full path of a file in the folders the runtime searches, or null.</summary>
    string? Find(string fileName);

    /// <summary>The runtime identifier of a libtorch for another system beside the program, or null.</summary>
    string? FindForAnotherSystem();

    /// <summary>Loads the two libraries; the loader's message if that fails, else null.</summary>
    string? TryLoad(string torch, string binding);
}

/// <summary>The folders of the running program.</summary>
internal sealed class NativeFiles : INativeFiles
{
    private static readonly string[] Folders =
    [
        .. (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        AppContext.BaseDirectory,
    ];

    public bool IsLoaded { get; private set; }

    public string RuntimeIdentifier => RuntimeInformation.RuntimeIdentifier;

    public string FileName(string library) => OperatingSystem.IsWindows() ? library + ".dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";

    public string? Find(string fileName) => Array.Find([.. Folders.Select(f => Path.Combine(f, fileName))], File.Exists);

    public string? FindForAnotherSystem()
    {
        var runtimes = Path.Combine(AppContext.BaseDirectory, "runtimes");
        if (!Directory.Exists(runtimes)) return null;
        return Directory.EnumerateFiles(runtimes, "*LibTorchSharp.*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(runtimes, f).Split(Path.DirectorySeparatorChar)[0]).FirstOrDefault();
    }

    public string? TryLoad(string torch, string binding)
    {
        try
        {
            NativeLibrary.Load(torch);
            // By name, as TorchSharp does it: the fallback for older systems takes part.
            NativeLibrary.Load("LibTorchSharp", typeof(TorchSharp.torch).Assembly, null);
            IsLoaded = true;
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            var text = e.Message.ReplaceLineEndings(" ").Trim();
            return text.EndsWith('.') ? text : text + ".";
        }
    }
}
