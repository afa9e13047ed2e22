namespace Socratic.Training.Files;

/// <summary>Combinations of the single operations.</summary>
internal static class FileSystemExtensions
{
    /// <summary>Creates a folder with those above it, and makes each new name durable.</summary>
    public static void EnsureFolder(this IFileSystem files, string path)
    {
        if (files.FolderExists(path)) return;
        var parent = Path.GetDirectoryName(path);
        if (parent is not null) files.EnsureFolder(parent);
        files.CreateFolder(path);
        if (parent is not null) files.FlushFolder(parent);
    }

    /// <summary>Makes all below a folder durable: the files' bytes, then the names, from the inside out.</summary>
    public static void FlushAll(this IFileSystem files, string folder)
    {
        foreach (var file in files.AllFiles(folder)) files.FlushFile(file);
        FlushNames(files, folder);
    }

    /// <summary>The paths of the files at any depth below a folder.</summary>
    public static IEnumerable<string> AllFiles(this IFileSystem files, string folder) => files.Files(folder).Concat(files.Folders(folder).SelectMany(files.AllFiles));

    /// <summary>Deletes what a failed operation left.</summary>
    public static void TryDelete(this IFileSystem files, string path) => Try(() =>
    {
        if (files.FileExists(path)) files.DeleteFile(path);
        else if (files.FolderExists(path)) files.DeleteFolder(path);
    });

    /// <summary>Puts back what a failed operation moved.</summary>
    public static void TryMoveFolder(this IFileSystem files, string from, string to) => Try(() => files.MoveFolder(from, to));

    /// <summary>The path of a file below a folder as it is written in a manifest: relative, with slashes.</summary>
    public static string NameIn(string folder, string path) => Path.GetRelativePath(folder, path).Replace('\\', '/');

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that is being cleaned up after says more, and names such as .tmp and tmp-checkpoint-N say what a leftover is.
        }
    }

    private static void FlushNames(IFileSystem files, string folder)
    {
        foreach (var inner in files.Folders(folder)) FlushNames(files, inner);
        files.FlushFolder(folder);
    }
}
