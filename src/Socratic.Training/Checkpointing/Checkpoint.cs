using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Training.Files;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Checkpointing;

/// <summary>A folder <c>checkpoint-N</c>. That it exists says nothing about what it holds: <see cref="CheckpointManager.FindProblem"/> does.</summary>
/// <param name="Step">The updates finished when it was written: N.</param>
/// <param name="Directory">The folder's full path.</param>
public sealed record Checkpoint(int Step, string Directory)
{
    internal const string Prefix = "checkpoint-";

    /// <summary>The full path of a file of the checkpoint.</summary>
    public string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>Reads a safetensors file of the checkpoint whole, on the CPU, in the stored dtypes; the caller owns the tensors.</summary>
    internal Dictionary<string, Tensor> ReadTensors(string name)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(PathOf(name));
        var tensors = file.Names.ToDictionary(n => n, file.Read, StringComparer.Ordinal);
        foreach (var tensor in tensors.Values) tensor.MoveToOuterDisposeScope();
        return tensors;
    }

    /// <summary>Reads a JSON file of the checkpoint.</summary>
    /// <exception cref="IOException">The file is not a JSON object; the message names file and place.</exception>
    internal JsonObject ReadJson(string name)
    {
        try
        {
            return PythonJson.Parse(File.ReadAllText(PathOf(name))) as JsonObject ?? throw new IOException($"{PathOf(name)}: found no JSON object, expected one.");
        }
        catch (JsonException e)
        {
            throw new IOException($"{PathOf(name)}: not valid JSON: {e.Message}", e);
        }
    }

    internal static string NameOf(int step) => Prefix + step.ToString(CultureInfo.InvariantCulture);

    /// <summary>The step in a folder's name, or null if it is not <paramref name="prefix"/> and a plain number.</summary>
    internal static int? StepOf(string folderName, string prefix) => folderName.StartsWith(prefix, StringComparison.Ordinal)
        && int.TryParse(folderName.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
        && folderName == prefix + step.ToString(CultureInfo.InvariantCulture)
            ? step
            : null;
}
