using System.Globalization;
using System.Text.Json.Nodes;
using Socratic.Training.Files;
using static TorchSharp.torch;

namespace Socratic.Training.Safetensors;

/// <summary>Writes a whole model as Hugging Face lays it out: model.safetensors, or above a size shards with their index.</summary>
internal static class ShardedWriter
{
    /// <summary>The reference's limit of a file.</summary>
    public const long LargestShard = 5_000_000_000;

    /// <summary>
    /// Writes the weights into an existing folder, each file whole or not at all, the index last; weight files of an earlier save that are not part of
    /// this one are then deleted.
    /// </summary>
    /// <param name="directory">The folder.</param>
    /// <param name="tensors">Names and tensors in the model's order, which decides the shards.</param>
    /// <param name="metadata">Texts for each file's <c>__metadata__</c>.</param>
    /// <param name="largestShard">In bytes of tensors; a larger tensor gets a file of its own.</param>
    public static void Write(
        string directory, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null, long largestShard = LargestShard)
    {
        var shards = Split([.. tensors.Select(t => StoredTensor.Of(t.Key, t.Value))], largestShard);
        var names = shards.Count == 1
            ? [CheckpointTensors.SingleFile]
            : Enumerable.Range(1, shards.Count).Select(n => string.Create(CultureInfo.InvariantCulture, $"model-{n:00000}-of-{shards.Count:00000}.safetensors")).ToList();
        for (var i = 0; i < shards.Count; i++) SafetensorsWriter.Write(Path.Combine(directory, names[i]), shards[i], metadata);
        if (shards.Count > 1)
        {
            AtomicFile.WriteText(Path.Combine(directory, ShardIndex.FileName), Index(shards, names));
            names.Add(ShardIndex.FileName);
        }
        // The single file or the index goes first: a reader must never find it beside half of its shards.
        var obsolete = Directory.GetFiles(directory).Select(f => Path.GetFileName(f)).Where(n => IsWeightFile(n) && !names.Contains(n)).OrderBy(IsShard);
        foreach (var name in obsolete.ToList()) File.Delete(Path.Combine(directory, name));
    }

    /// <summary>True for the names that <see cref="Write"/> gives.</summary>
    public static bool IsWeightFile(string name) => name is CheckpointTensors.SingleFile or ShardIndex.FileName || IsShard(name);

    // model-00001-of-00002.safetensors
    private static bool IsShard(string name) => name.StartsWith("model-", StringComparison.Ordinal) && name.EndsWith(".safetensors", StringComparison.Ordinal)
        && name["model-".Length..^".safetensors".Length].Split("-of-") is [var number, var count] && IsNumber(number) && IsNumber(count);

    private static bool IsNumber(string text) => text.Length == 5 && text.All(char.IsAsciiDigit);

    private static List<List<StoredTensor>> Split(List<StoredTensor> tensors, long largest)
    {
        List<List<StoredTensor>> shards = [[]];
        var size = 0L;
        foreach (var tensor in tensors)
        {
            if (size + tensor.Length > largest && shards[^1].Count > 0)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(tensor);
            size += tensor.Length;
        }
        return shards;
    }

    private static string Index(List<List<StoredTensor>> shards, List<string> names)
    {
        var map = new JsonObject();
        for (var i = 0; i < shards.Count; i++)
        {
            foreach (var tensor in shards[i])
            {
                if (map.TryAdd(tensor.Name, JsonValue.Create(names[i]))) continue;
                throw new ArgumentException($"The tensor '{SafetensorsException.Shown(tensor.Name)}' comes twice.", nameof(shards));
            }
        }
        return PythonJson.Write(new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = shards.Sum(s => s.Sum(t => t.Length)) }, ["weight_map"] = map }) + "\n";
    }
}
