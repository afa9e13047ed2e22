using System.Security.Cryptography;
using System.Text;

namespace Socratic.Training.Files;

/// <summary>Writes the files of a folder that is not yet in its place. Files may also be written below <see cref="Directory"/> by path.</summary>
public sealed class FolderWriter
{
    private readonly IFileSystem files;

    internal FolderWriter(IFileSystem files, string directory)
    {
        this.files = files;
        Directory = directory;
    }

    /// <summary>The folder, which exists.</summary>
    public string Directory { get; }

    /// <summary>SHA-256 by path of the files written through here, so that they need not be read again for it.</summary>
    internal Dictionary<string, byte[]> Hashes { get; } = new(StringComparer.Ordinal);

    /// <summary>Writes a file of a plain name by a stream that only goes forward.</summary>
    public void Write(string name, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(write);
        if (Path.GetFileName(name) != name) throw new ArgumentException($"'{name}' is not a plain file name.", nameof(name));
        var path = Path.Combine(Directory, name);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (var stream = files.Create(path)) write(new HashingStream(stream, hash));
        Hashes[path] = hash.GetHashAndReset();
    }

    /// <summary>Writes a text as UTF-8 without a byte order mark.</summary>
    public void WriteText(string name, string text) => Write(name, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
