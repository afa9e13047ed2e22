namespace Socratic.Training.Quantization.Native;

/// <summary>
/// Where NVIDIA's run-time compiler may lie, best first: where <c>SOCRATIC_NVRTC</c> says (a folder or a file), beside libtorch, in the toolkit, on the system.
/// </summary>
/// <remarks>
/// libtorch's Linux packages name it <c>libnvrtc-&lt;hash&gt;.so.12</c> and leave the builtins without the version under which NVRTC opens them: they are loaded
/// first, by full path, so that the loader finds them by what they call themselves.
/// </remarks>
internal static class NvrtcLocator
{
    internal const string Variable = "SOCRATIC_NVRTC";

    private static readonly string[] LinuxNames = ["libnvrtc.so.12", "libnvrtc.so.13", "libnvrtc.so"];
    private static readonly string[] WindowsNames = ["nvrtc64_120_0.dll", "nvrtc64_130_0.dll"];

    /// <summary>Compiler and builtins (null: the system finds them itself).</summary>
    internal readonly record struct Candidate(string Library, string? Builtins);

    internal static IEnumerable<Candidate> Candidates(ILibraryFiles files)
    {
        if (files.Variable(Variable) is { } named)
        {
            // What a person names is the only place: another compiler in its stead would be a surprise.
            if (IsCompiler(files, named)) return [WithBuiltins(files, named)];
            var found = InFolder(files, named).ToArray();
            return found.Length > 0 ? found : [new(named, null)];
        }
        return files.ProgramFolders.Concat(Toolkits(files)).SelectMany(folder => InFolder(files, folder))
            .Concat((files.IsWindows ? WindowsNames : LinuxNames).Select(name => new Candidate(name, null)));
    }

    private static IEnumerable<string> Toolkits(ILibraryFiles files)
    {
        foreach (var variable in new[] { "CUDA_PATH", "CUDA_HOME" })
            if (files.Variable(variable) is { } root) yield return Path.Combine(root, files.IsWindows ? "bin" : "lib64");
        if (!files.IsWindows) yield return "/usr/local/cuda/lib64";
    }

    private static IEnumerable<Candidate> InFolder(ILibraryFiles files, string folder)
        => files.FilesOf(folder).Where(file => IsCompiler(files, file)).Select(file => WithBuiltins(files, file));

    private static Candidate WithBuiltins(ILibraryFiles files, string library)
        => new(library, files.FilesOf(Path.GetDirectoryName(library) ?? "").FirstOrDefault(file => IsBuiltins(files, file)));

    private static bool IsCompiler(ILibraryFiles files, string path) => Path.GetFileName(path) is var name && !IsBuiltins(files, path) && (files.IsWindows
        ? name.StartsWith("nvrtc64_", StringComparison.OrdinalIgnoreCase) && name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) && !name.Contains(".alt.", StringComparison.OrdinalIgnoreCase)
        : name.StartsWith("libnvrtc", StringComparison.Ordinal) && name.Contains(".so", StringComparison.Ordinal) && !name.Contains(".alt.", StringComparison.Ordinal));

    private static bool IsBuiltins(ILibraryFiles files, string path)
        => Path.GetFileName(path).StartsWith(files.IsWindows ? "nvrtc-builtins" : "libnvrtc-builtins", StringComparison.OrdinalIgnoreCase) && !path.Contains(".alt.", StringComparison.OrdinalIgnoreCase);
}
