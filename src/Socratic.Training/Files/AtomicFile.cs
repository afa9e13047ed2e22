using Socratic.Training.Native;

namespace Socratic.Training.Files;

/// <summary>
/// Replaces one file so that a crash at any moment leaves the old one or the new one, whole: written beside its place, flushed to the disk, renamed.
/// </summary>
public static class AtomicFile
{
    /// <summary>Writes a file by a stream; nothing is left behind, and the old file stands, if <paramref name="write"/> fails.</summary>
    /// <exception cref="IOException">The file cannot be written (disk full, no permission); the message of the system names it.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var target = Path.GetFullPath(path);
        var temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        Disk.FlushFolder(Path.GetDirectoryName(target)!);
    }

    /// <summary>Writes a text as UTF-8 without a byte order mark.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
