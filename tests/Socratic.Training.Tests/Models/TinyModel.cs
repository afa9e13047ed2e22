using System.Text.Json.Nodes;
using Socratic.Testing;

namespace Socratic.Training.Tests.Models;

/// <summary>A copy of the tiny Gemma-2 checkpoint in a folder of its own, to be changed at will.</summary>
internal sealed class TinyModel : IDisposable
{
    private static readonly string Source = Path.Combine(RepositoryRoot.Path, "tests", "golden", "models", "gemma2");

    public TinyModel()
    {
        foreach (var name in new[] { "config.json", "generation_config.json", "model.safetensors" }) System.IO.File.Copy(Path.Combine(Source, name), File(name));
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("tiny-model-").FullName;

    public string File(string name) => Path.Combine(Folder, name);

    public TinyModel Configure(Action<JsonObject> change)
    {
        var config = JsonNode.Parse(System.IO.File.ReadAllText(File("config.json")))!.AsObject();
        change(config);
        System.IO.File.WriteAllText(File("config.json"), config.ToJsonString());
        return this;
    }

    /// <summary>Lets what earlier tests left to the collector go, so that a count of tensors stands still.</summary>
    public static void Settle()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
