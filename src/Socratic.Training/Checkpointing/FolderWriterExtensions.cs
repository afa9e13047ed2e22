using System.Text.Json.Nodes;
using Socratic.Training.Files;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Checkpointing;

/// <summary>The forms in which a run's state is kept: no pickle, ever.</summary>
internal static class FolderWriterExtensions
{
    /// <summary>Writes named tensors, of any device, as a safetensors file.</summary>
    public static void WriteTensors(
        this FolderWriter writer, string name, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) => writer.Write(name, stream => SafetensorsWriter.Write(stream, tensors, metadata));

    /// <summary>Writes a JSON file that <see cref="Checkpoint.ReadJson"/> reads: doubles come back to the last bit, NaN and infinities too.</summary>
    public static void WriteJson(this FolderWriter writer, string name, JsonNode node) => writer.WriteText(name, PythonJson.Write(node) + "\n");
}
