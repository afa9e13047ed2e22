using Socratic.Training.Files;

namespace Socratic.Training.Pure.Tests.Files;

/// <summary>A real disk on which no byte fits any more: new files lead to /dev/full.</summary>
internal sealed class FullDisk(IFileSystem real) : IFileSystem
{
    public bool FileExists(string path) => real.FileExists(path);

    public bool FolderExists(string path) => real.FolderExists(path);

    public IReadOnlyList<string> Files(string folder) => real.Files(folder);

    public IReadOnlyList<string> Folders(string folder) => real.Folders(folder);

    public Stream OpenRead(string path) => real.OpenRead(path);

    public Stream Create(string path)
    {
        File.CreateSymbolicLink(path, "/dev/full");
        return new FileStream(path, FileMode.Open, FileAccess.Write);
    }

    public void FlushFile(string path) => real.FlushFile(path);

    public void FlushFolder(string path) => real.FlushFolder(path);

    public void CreateFolder(string path) => real.CreateFolder(path);

    public void MoveFile(string from, string to) => real.MoveFile(from, to);

    public void MoveFolder(string from, string to) => real.MoveFolder(from, to);

    public void DeleteFile(string path) => real.DeleteFile(path);

    public void DeleteFolder(string path) => real.DeleteFolder(path);
}
