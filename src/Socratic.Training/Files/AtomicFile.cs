using System.Text;

namespace Socratic.Training.Files;

/// <summary>
/// Replaces one file so that a crash at any moment leaves the old one or the new one, whole: written beside its place, flushed to the disk, renamed.
/// </summary>
public static class AtomicFile
{
    /// <summary>Writes a file by a stream; nothing is left behind, and the old file stands, if <paramref name="write"/> fails.</summary>
    /// <exception cref="IOException">The file cannot be written (disk full, no permission); the message of the system names it.</exception>
    public static void Write(string path, Action<Stream> write) => Write(DiskFileSystem.Instance, path, write);

    /// <summary>Writes a text as UTF-8 without a byte order mark.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    internal static void Write(IFileSystem files, string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var target = Path.GetFullPath(path);
        var temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
        try
        {
            using (var stream = files.Create(temporary)) write(stream);
            files.FlushFile(temporary);
            files.MoveFile(temporary, target);
        }
        catch
        {
            files.TryDelete(temporary);
            throw;
        }
        files.FlushFolder(Path.GetDirectoryName(target)!);
    }
}
