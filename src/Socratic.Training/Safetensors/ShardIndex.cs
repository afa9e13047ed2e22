using System.Text.Json;

namespace Socratic.Training.Safetensors;

/// <summary>model.safetensors.index.json: which file of the same folder holds which tensor. It comes from strangers: a shard is a plain file name.</summary>
internal static class ShardIndex
{
    public const string FileName = "model.safetensors.index.json";
    private const string Extension = ".safetensors";
    private const string WeightMap = "weight_map";

    /// <summary>The shard of each tensor.</summary>
    /// <exception cref="SafetensorsException">The index is not well formed, or names something that is not a plain file name.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 });
            return Parse(path, document.RootElement);
        }
        catch (JsonException e)
        {
            throw new SafetensorsException(path, null, $"no valid JSON ({e.Message})", "an object with weight_map", e);
        }
        catch (InvalidOperationException e)
        {
            throw new SafetensorsException(path, null, "a text that is not Unicode", "Unicode text", e);
        }
    }

    private static Dictionary<string, string> Parse(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new SafetensorsException(path, null, $"{root.ValueKind}", "an object with weight_map");
        if (!root.TryGetProperty(WeightMap, out var map)) throw new SafetensorsException(path, WeightMap, "nothing", "an object of tensor names and file names");
        if (map.ValueKind != JsonValueKind.Object) throw new SafetensorsException(path, WeightMap, $"{map.ValueKind}", "an object of tensor names and file names");
        var shards = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String) throw new SafetensorsException(path, entry.Name, $"{entry.Value.ValueKind}", "the name of a shard");
            var shard = entry.Value.GetString()!;
            if (!IsPlainName(shard))
            {
                throw new SafetensorsException(path, entry.Name, $"the shard '{SafetensorsException.Shown(shard)}'", $"a single file name ending in {Extension}");
            }
            shards.Add(entry.Name, shard);
        }
        return shards;
    }

    /// <summary>No separator, drive or stream of any system, whichever this one is.</summary>
    private static bool IsPlainName(string name)
        => name.EndsWith(Extension, StringComparison.Ordinal) && name.Length > Extension.Length && !name.Any(c => c is '/' or '\\' or ':' || char.IsControl(c));

    /// <summary>
    /// The path of a shard, if it stays in the folder. A link may lead to another file of the folder, or, as in the Hugging Face cache, from
    /// <c>snapshots/REVISION</c> to the <c>blobs</c> beside <c>snapshots</c>.
    /// </summary>
    /// <exception cref="SafetensorsException">There is no such file, or it is a link that leads elsewhere.</exception>
    public static string Locate(string indexPath, string shard)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(indexPath))!;
        var file = new FileInfo(Path.Combine(folder, shard));
        if (!file.Exists) throw new SafetensorsException(indexPath, shard, "no such file", "every shard beside the index");
        if (file.ResolveLinkTarget(returnFinalTarget: true) is not { } target) return file.FullName;
        if (!target.Exists) throw new SafetensorsException(indexPath, shard, $"a link to '{target.FullName}', which does not exist", "every shard beside the index");
        // The folder may itself be reached by a link.
        var real = Path.GetFullPath(new DirectoryInfo(folder).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder);
        var home = Path.GetDirectoryName(target.FullName);
        var snapshots = Path.GetDirectoryName(real);
        var cache = Path.GetFileName(snapshots) == "snapshots" ? Path.Combine(Path.GetDirectoryName(snapshots)!, "blobs") : null;
        return home == folder || home == real || home == cache
            ? file.FullName
            : throw new SafetensorsException(indexPath, shard, $"a link to '{target.FullName}'", "a file inside the folder");
    }
}
