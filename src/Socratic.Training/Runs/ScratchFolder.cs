using System.Security.Cryptography;

namespace Socratic.Training.Runs;

/// <summary>An empty folder among the system's temporary ones, which goes when it is disposed.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("socratic-dry-run-").FullName;

    /// <summary>A hash of each file of tensors, by name.</summary>
    public static IReadOnlyDictionary<string, string> Fingerprint(string folder)
        => Directory.EnumerateFiles(folder, "*.safetensors").ToDictionary(f => System.IO.Path.GetFileName(f), Hash, StringComparer.Ordinal);

    /// <summary>The size of the folder's files.</summary>
    public static long Bytes(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string Hash(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexString(SHA256.HashData(stream));
    }
}
