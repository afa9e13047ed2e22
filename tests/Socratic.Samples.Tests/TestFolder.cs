namespace Socratic.Samples.Tests;

/// <summary>An empty folder that goes away with the test.</summary>
internal sealed class TestFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("socratic-").FullName;

    /// <summary>Copies a folder into this one and gives its path.</summary>
    internal string Copy(string source, string name)
    {
        var target = Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;
        foreach (var file in Directory.GetFiles(source)) File.Copy(file, System.IO.Path.Combine(target, System.IO.Path.GetFileName(file)));
        return target;
    }

    /// <summary>Writes a file and gives its name.</summary>
    internal string Write(string name, string text)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, name), text);
        return name;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
