using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Tests.Native;

/// <summary>A system with the folders and variables that a test gives it; no library loads, except one that is named.</summary>
internal sealed class FakeFiles : ILibraryFiles
{
    public bool IsWindows { get; init; }

    public IReadOnlyList<string> ProgramFolders => ["/app"];

    internal string? Real { get; init; }

    /// <summary>What the real one is; the system's own by default.</summary>
    internal nint Handle { get; init; }

    internal Dictionary<string, string> Variables { get; } = [];

    internal Dictionary<string, string[]> Folders { get; } = [];

    internal List<string> Loaded { get; } = [];

    public string? Variable(string name) => Variables.GetValueOrDefault(name);

    public IReadOnlyList<string> FilesOf(string folder) => Folders.GetValueOrDefault(folder, []);

    public nint Load(string library, out string error)
    {
        Loaded.Add(library);
        error = "not here";
        if (library == Real) return Handle != 0 ? Handle : LibraryFiles.Instance.Load(library, out error);
        return 0;
    }
}
