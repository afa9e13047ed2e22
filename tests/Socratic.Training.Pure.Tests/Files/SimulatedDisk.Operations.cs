namespace Socratic.Training.Pure.Tests.Files;

internal sealed partial class SimulatedDisk
{
    public bool FileExists(string path) => Find(path) is Blob;

    public bool FolderExists(string path) => Find(path) is Folder;

    public IReadOnlyList<string> Files(string folder) => [.. FolderAt(folder).Seen.Where(e => e.Value is Blob).Select(e => Path.Combine(folder, e.Key))];

    public IReadOnlyList<string> Folders(string folder) => [.. FolderAt(folder).Seen.Where(e => e.Value is Folder).Select(e => Path.Combine(folder, e.Key))];

    public Stream OpenRead(string path) => off ? throw new PowerCutException() : new MemoryStream((Find(path) as Blob ?? throw new FileNotFoundException(path)).Seen, writable: false);

    public Stream Create(string path)
    {
        StepWhole($"create {path}");
        var blob = new Blob();
        if (!Parent(path).Seen.TryAdd(Path.GetFileName(path), blob)) throw new IOException($"'{path}' exists.");
        return new Writer(this, blob, path);
    }

    public void FlushFile(string path)
    {
        StepWhole($"flush {path}");
        var blob = Find(path) as Blob ?? throw new FileNotFoundException(path);
        blob.Durable = blob.Seen;
    }

    public void FlushFolder(string path)
    {
        StepWhole($"flush {path}");
        var folder = FolderAt(path);
        folder.Durable = new Dictionary<string, object>(folder.Seen);
    }

    public void CreateFolder(string path)
    {
        StepWhole($"create folder {path}");
        if (!Parent(path).Seen.TryAdd(Path.GetFileName(path), new Folder())) throw new IOException($"'{path}' exists.");
    }

    public void MoveFile(string from, string to) => Move(from, to, Find(from) as Blob ?? throw new FileNotFoundException(from));

    public void MoveFolder(string from, string to)
    {
        if (Find(to) is not null) throw new IOException($"'{to}' exists.");
        Move(from, to, FolderAt(from));
    }

    public void DeleteFile(string path)
    {
        StepWhole($"delete {path}");
        Parent(path).Seen.Remove(Path.GetFileName(path));
    }

    public void DeleteFolder(string path)
    {
        foreach (var folder in Folders(path)) DeleteFolder(folder);
        foreach (var file in Files(path)) DeleteFile(file);
        StepWhole($"delete folder {path}");
        Parent(path).Seen.Remove(Path.GetFileName(path));
    }

    private void Move(string from, string to, object entry)
    {
        StepWhole($"move {from} to {to}");
        Parent(from).Seen.Remove(Path.GetFileName(from));
        Parent(to).Seen[Path.GetFileName(to)] = entry;
    }
}
