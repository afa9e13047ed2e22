using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Socratic.Training.Files;

namespace Socratic.Training.Checkpointing;

/// <summary>
/// The file written last into a checkpoint: lengths and SHA-256 of all others. A checkpoint verifies if its manifest reads and every file it names is as it says.
/// </summary>
internal static class Manifest
{
    public const string FileName = "manifest.json";
    private const int Version = 1;
    private const long LargestManifest = 16 << 20;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private sealed record Content(int Version, int Step, SortedDictionary<string, Item> Files);

    private sealed record Item(long Length, string Sha256);

    /// <summary>Hashes the files below a folder, those not yet hashed by reading them, and writes the manifest beside them.</summary>
    public static void Write(IFileSystem files, string folder, int step, IReadOnlyDictionary<string, byte[]> hashes)
    {
        var items = new SortedDictionary<string, Item>(StringComparer.Ordinal);
        foreach (var path in files.AllFiles(folder))
        {
            using var stream = files.OpenRead(path);
            var hash = hashes.GetValueOrDefault(path) ?? SHA256.HashData(stream);
            items[FileSystemExtensions.NameIn(folder, path)] = new Item(stream.Length, Convert.ToHexStringLower(hash));
        }
        using var manifest = files.Create(Path.Combine(folder, FileName));
        manifest.Write(JsonSerializer.SerializeToUtf8Bytes(new Content(Version, step, items), Indented));
    }

    public static bool Exists(IFileSystem files, string folder) => files.FileExists(Path.Combine(folder, FileName));

    /// <summary>What keeps a checkpoint from verifying, or null.</summary>
    public static string? FindProblem(IFileSystem files, string folder, int step)
    {
        try
        {
            if (!Exists(files, folder)) return $"there is no {FileName}";
            var content = Read(files, folder);
            if (content.Version != Version) return $"{FileName} has version {content.Version}, this library reads {Version}";
            if (content.Step != step) return $"{FileName} is of step {content.Step}, the folder's name says {step}";
            if (content.Files.Count == 0) return $"{FileName} names no file";
            return content.Files.Select(item => FindProblem(files, folder, item.Key, item.Value)).FirstOrDefault(p => p is not null);
        }
        catch (JsonException e)
        {
            return $"{FileName} cannot be read: {e.Message}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static Content Read(IFileSystem files, string folder)
    {
        using var stream = files.OpenRead(Path.Combine(folder, FileName));
        if (stream.Length > LargestManifest) throw new JsonException($"it has {stream.Length} bytes, at most {LargestManifest} make sense");
        var content = JsonSerializer.Deserialize<Content>(stream);
        return content?.Files is null ? throw new JsonException("it is not an object with Version, Step and Files") : content;
    }

    private static string? FindProblem(IFileSystem files, string folder, string name, Item expected)
    {
        // A manifest may come from a stranger: its names stay in the folder.
        if (expected is null || !name.Split('/').All(IsPlain)) return $"{FileName} names '{name}'";
        var path = Path.Combine(folder, name);
        if (!files.FileExists(path)) return $"{name} is missing";
        using var stream = files.OpenRead(path);
        if (stream.Length != expected.Length) return $"{name} has {stream.Length} bytes, expected {expected.Length}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(stream));
        return hash == expected.Sha256 ? null : $"{name} has SHA-256 {hash[..12]}..., expected {Cut(expected.Sha256)}...";
    }

    private static bool IsPlain(string part) => part is not ("" or "." or "..") && part.AsSpan().IndexOfAny('\\', ':', '\0') < 0;

    private static string Cut(string? text) => text is null ? "" : new StringBuilder(text).ToString(0, Math.Min(12, text.Length));
}
