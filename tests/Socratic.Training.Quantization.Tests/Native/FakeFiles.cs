using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Tests.Native;

/// <summary>A system with the folders and variables that a test gives it; no library loads, except one that is named.</summary>
internal sealed class FakeFiles : ILibraryFiles
{
    public bool IsWindows { get; init; }

    public IReadOnlyList<string> ProgramFolders => ["/app"];

    internal string? Real { get; init; }

    internal Dictionary<string, string> Variables { get; } = [];

    internal Dictionary<string, string[]> Folders { get; } = [];

    internal List<string> Loaded { get; } = [];

    public string? Variable(string name) => Variables.GetValueOrDefault(name);

    public IReadOnlyList<string> FilesOf(string folder) => Folders.GetValueOrDefault(folder, []);

    public nint Load(string library, out string error)
    {
        Loaded.Add(library);
        if (library == Real) return LibraryFiles.Instance.Load(library, out error);
        error = "not here";
        return 0;
    }
}
