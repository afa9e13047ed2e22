namespace Socratic.Training.Tests;

/// <summary>An empty folder that goes away with the test.</summary>
internal sealed class TestFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("socratic-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
