using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Safetensors;

/// <summary>The tensors of a Hugging Face folder: model.safetensors, or the shards that model.safetensors.index.json names. Read lazily, by name.</summary>
internal sealed class CheckpointTensors : ITensorSource, IDisposable
{
    public const string SingleFile = "model.safetensors";

    private readonly List<SafetensorsFile> files = [];
    private readonly Dictionary<string, SafetensorsFile> owners = new(StringComparer.Ordinal);

    private CheckpointTensors(string folder) => Folder = folder;

    public string Folder { get; }

    public IReadOnlyCollection<string> Names => owners.Keys;

    /// <summary>Opens every file and checks its header; tensors are not read.</summary>
    /// <exception cref="FileNotFoundException">The folder holds no safetensors checkpoint.</exception>
    /// <exception cref="SafetensorsException">A file, or the index, is not well formed.</exception>
    public static CheckpointTensors Open(string folder)
    {
        var tensors = new CheckpointTensors(folder);
        try
        {
            var single = Path.Combine(folder, SingleFile);
            var index = Path.Combine(folder, ShardIndex.FileName);
            if (File.Exists(single)) tensors.AddSingle(single);
            else if (File.Exists(index)) tensors.AddShards(index);
            else throw Missing(folder);
            return tensors;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    public bool Has(string name) => owners.ContainsKey(name);

    /// <summary>What the header says about a tensor.</summary>
    public SafetensorsEntry Entry(string name) => Owner(name).Tensors[name];

    public Tensor Read(string name) => Owner(name).Read(name);

    public string Locate(string name)
        => $"{(owners.TryGetValue(name, out var file) ? file.FilePath : files.Count == 1 ? files[0].FilePath : Folder)}: '{SafetensorsException.Shown(name)}'";

    public void ReadInto(string name, Tensor destination) => Owner(name).ReadInto(name, destination);

    /// <summary>True if two tensors have the same dtype, shape and bytes.</summary>
    public bool AreEqual(string name, string otherName) => Owner(name).Equals(name, Owner(otherName), otherName);

    /// <summary>The tensors whose names begin with <paramref name="path"/> and a dot, under the rest of their names.</summary>
    public ITensorSource Below(string path) => new Part(this, path + ".");

    public void Dispose()
    {
        foreach (var file in files) file.Dispose();
    }

    private void AddSingle(string path)
    {
        var file = Open(path, files);
        foreach (var name in file.Names) owners.Add(name, file);
    }

    private void AddShards(string index)
    {
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        foreach (var (name, shard) in ShardIndex.Read(index))
        {
            if (!shards.TryGetValue(shard, out var file)) shards.Add(shard, file = Open(ShardIndex.Locate(index, shard), files));
            if (!file.Tensors.ContainsKey(name)) throw new SafetensorsException(index, name, $"no such tensor in '{shard}'", "the tensor in the shard the index names");
            owners.Add(name, file);
        }
    }

    private static SafetensorsFile Open(string path, List<SafetensorsFile> files)
    {
        var file = SafetensorsFile.Open(path);
        files.Add(file);
        return file;
    }

    private SafetensorsFile Owner(string name) => owners.TryGetValue(name, out var file)
        ? file
        : throw new KeyNotFoundException($"{Folder}: there is no tensor '{SafetensorsException.Shown(name)}' in the checkpoint.");

    private static FileNotFoundException Missing(string folder)
    {
        var pickled = Directory.Exists(folder) && Directory.EnumerateFiles(folder, "pytorch_model*.bin").Any()
            ? " Its pytorch_model.bin is a pickle, which is never read: convert it to safetensors."
            : "";
        var message = $"The folder '{folder}' holds no weights: expected {SingleFile} or {ShardIndex.FileName}.{pickled}";
        return new FileNotFoundException(message, Path.Combine(folder, SingleFile));
    }

    private sealed class Part(CheckpointTensors all, string prefix) : ITensorSource
    {
        public IReadOnlyCollection<string> Names => field ??= [.. all.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..])];

        public Tensor Read(string name) => all.Read(prefix + name);

        public string Locate(string name) => all.Locate(prefix + name);
    }
}
