using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Socratic.Training.Quantization.Native;

/// <summary>Finds a native library among candidates and remembers why each of them would not do.</summary>
internal sealed class LibrarySearch(ILibraryFiles files)
{
    private readonly List<string> attempts = [];

    /// <summary>Each library tried and what the system said, in order.</summary>
    internal string Attempts => attempts.Count == 0 ? "nothing to try on this system" : string.Join("; ", attempts);

    /// <summary>Loads by full path or by name; 0 if that fails.</summary>
    internal nint TryLoad(string library)
    {
        var handle = files.Load(library, out var error);
        if (handle == 0) attempts.Add($"{library}: {error}");
        return handle;
    }

    /// <summary>Notes that a library that was loaded will not do.</summary>
    internal void Reject(string library, string reason) => attempts.Add($"{library}: {reason}");
}

/// <summary>The system's libraries and folders; a seam for tests.</summary>
internal interface ILibraryFiles
{
    bool IsWindows { get; }

    /// <summary>Folders that hold this program's native libraries, libtorch's among them.</summary>
    IReadOnlyList<string> ProgramFolders { get; }

    string? Variable(string name);

    /// <summary>Full paths of the files of a folder; none if it is not there.</summary>
    IReadOnlyList<string> FilesOf(string folder);

    /// <summary>A handle, or 0 and the system's words.</summary>
    nint Load(string library, out string error);
}

/// <summary>The running program's.</summary>
internal sealed partial class LibraryFiles : ILibraryFiles
{
    internal static readonly LibraryFiles Instance = new();

    public bool IsWindows => OperatingSystem.IsWindows();

    public IReadOnlyList<string> ProgramFolders { get; } =
    [
        .. (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory).Select(Path.GetFullPath).Distinct(StringComparer.Ordinal),
    ];

    public string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    public IReadOnlyList<string> FilesOf(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public nint Load(string library, out string error)
    {
        error = "";
        try
        {
            return NativeLibrary.Load(library);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            error = LineBreaks().Replace(e.Message, " ").Trim();
            return 0;
        }
    }

    [GeneratedRegex(@"\s*[\r\n]+\s*")]
    private static partial Regex LineBreaks();
}
