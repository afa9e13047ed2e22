using System.Globalization;
using System.Text.Json.Nodes;
using Socratic.Training.Files;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Files;

/// <summary>Writes weights as transformers does: one model.safetensors, or shards and model.safetensors.index.json.</summary>
internal static class PlainModelWriter
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";

    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    public static void Write(string directory, IReadOnlyList<KeyValuePair<string, Tensor>> weights, long maxShardBytes)
    {
        Directory.CreateDirectory(directory);
        var shards = Split(weights, maxShardBytes);
        var files = shards.Count == 1 ? [SingleFile]
            : Enumerable.Range(1, shards.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"model-{i:D5}-of-{shards.Count:D5}.safetensors")).ToArray();
        foreach (var (file, shard) in files.Zip(shards)) SafetensorsWriter.Write(Path.Combine(directory, file), shard, Metadata);
        if (files.Length > 1) AtomicFile.WriteText(Path.Combine(directory, IndexFile), PythonJson.Write(Index(files, shards)) + "\n");
        foreach (var stale in Directory.GetFiles(directory, "model*.safetensors").Where(f => !files.Contains(Path.GetFileName(f)))) File.Delete(stale);
        if (files.Length == 1) File.Delete(Path.Combine(directory, IndexFile));
    }

    private static List<List<KeyValuePair<string, Tensor>>> Split(IReadOnlyList<KeyValuePair<string, Tensor>> weights, long maxShardBytes)
    {
        var shards = new List<List<KeyValuePair<string, Tensor>>> { new() };
        var size = 0L;
        foreach (var weight in weights)
        {
            var bytes = Bytes(weight.Value);
            if (size > 0 && size + bytes > maxShardBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(weight);
            size += bytes;
        }
        return shards;
    }

    private static JsonObject Index(string[] files, List<List<KeyValuePair<string, Tensor>>> shards) => new()
    {
        ["metadata"] = new JsonObject { ["total_size"] = shards.Sum(s => s.Sum(w => Bytes(w.Value))) },
        ["weight_map"] = new JsonObject(files.Zip(shards).SelectMany(f => f.Second.Select(w => KeyValuePair.Create(w.Key, (JsonNode?)f.First)))),
    };

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();
}
