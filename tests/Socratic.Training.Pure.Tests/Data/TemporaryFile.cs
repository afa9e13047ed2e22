namespace Socratic.Training.Tests.Data;

/// <summary>A file in a folder of its own that goes away.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("socratic-").FullName;

    public TemporaryFile(string name, string content)
        : this(name)
        => File.WriteAllText(Path, content);

    public TemporaryFile(string name) => Path = System.IO.Path.Combine(folder, name);

    public string Path { get; }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
