namespace Socratic.Training.Files;

/// <summary>
/// The operations on disk that durability rests on, one by one, so that a test can fail or cut off after each of them. Paths are absolute.
/// </summary>
internal interface IFileSystem
{
    bool FileExists(string path);

    bool FolderExists(string path);

    /// <summary>The paths of the files directly in a folder.</summary>
    IReadOnlyList<string> Files(string folder);

    /// <summary>The paths of the folders directly in a folder.</summary>
    IReadOnlyList<string> Folders(string folder);

    Stream OpenRead(string path);

    /// <summary>Creates a file that does not exist yet.</summary>
    Stream Create(string path);

    /// <summary>Returns when the file's bytes are on the disk; its name is not, until its folder is flushed.</summary>
    void FlushFile(string path);

    /// <summary>Returns when the names in the folder are on the disk.</summary>
    void FlushFolder(string path);

    /// <summary>Creates a folder in an existing one.</summary>
    void CreateFolder(string path);

    /// <summary>Renames a file within a file system; a file of that name is replaced in the same moment.</summary>
    void MoveFile(string from, string to);

    /// <summary>Renames a folder within a file system; nothing of that name may exist.</summary>
    void MoveFolder(string from, string to);

    void DeleteFile(string path);

    /// <summary>Deletes a folder and all below it, not what links in it lead to.</summary>
    void DeleteFolder(string path);
}
