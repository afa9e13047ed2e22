namespace Socratic.Training.Files;

/// <summary>
/// Puts new files into a folder that others read, one rename a file. All are written and on the disk before the first is renamed, so a full disk or
/// a crash while writing leaves every old file; a crash between two renames leaves each file either old or new, and whole.
/// </summary>
internal static class FolderUpdate
{
    /// <summary>The new files lie here until they are renamed; a crash may leave it behind.</summary>
    public const string StagingName = "tmp-new-files";

    /// <param name="folder">Created if it does not exist.</param>
    /// <param name="write">Writes the new files, at any depth below the writer's folder.</param>
    /// <param name="isObsolete">Of the names directly in the folder that were not written, those to delete at the end (the shards of an earlier save, say).</param>
    public static void Replace(string folder, Action<FolderWriter> write, Func<string, bool>? isObsolete = null)
        => Replace(DiskFileSystem.Instance, folder, write, isObsolete);

    public static void Replace(IFileSystem files, string folder, Action<FolderWriter> write, Func<string, bool>? isObsolete)
    {
        var home = Path.GetFullPath(folder);
        var staging = Path.Combine(home, StagingName);
        files.EnsureFolder(home);
        if (files.FolderExists(staging)) files.DeleteFolder(staging);
        files.CreateFolder(staging);
        try
        {
            write(new FolderWriter(files, staging));
            files.FlushAll(staging);
            var names = MoveInto(files, staging, home);
            files.FlushFolder(home);
            DeleteObsolete(files, home, names, isObsolete);
        }
        finally
        {
            files.TryDelete(staging);
        }
    }

    /// <summary>Indexes go last: they name files that must be there.</summary>
    private static HashSet<string> MoveInto(IFileSystem files, string staging, string home)
    {
        var names = files.AllFiles(staging).Select(f => FileSystemExtensions.NameIn(staging, f))
            .OrderBy(n => n.EndsWith(".index.json", StringComparison.Ordinal)).ThenBy(n => n, StringComparer.Ordinal).ToList();
        foreach (var name in names)
        {
            var target = Path.Combine(home, name);
            var parent = Path.GetDirectoryName(target)!;
            files.EnsureFolder(parent);
            files.MoveFile(Path.Combine(staging, name), target);
            if (parent != home) files.FlushFolder(parent);
        }
        return [.. names];
    }

    private static void DeleteObsolete(IFileSystem files, string home, HashSet<string> names, Func<string, bool>? isObsolete)
    {
        if (isObsolete is null) return;
        var obsolete = files.Files(home).Where(f => isObsolete(Path.GetFileName(f)) && !names.Contains(Path.GetFileName(f))).ToList();
        foreach (var file in obsolete) files.DeleteFile(file);
        if (obsolete.Count > 0) files.FlushFolder(home);
    }
}
