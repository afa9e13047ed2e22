using System.Text.Json.Nodes;
using Socratic.Training.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Safetensors;

public sealed class CheckpointTensorsTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("model-").FullName;
    private readonly DisposeScope scope = NewDisposeScope();

    private string Folder => Directory.CreateDirectory(Path.Combine(root, "snapshots", "main")).FullName;

    public void Dispose()
    {
        scope.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_small_model_is_one_file_and_a_large_one_shards_in_order()
    {
        Write(1_000_000);
        Assert.Equal(["model.safetensors"], Files());
        Write(40);
        Assert.Equal(["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json"], Files());
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "model.safetensors.index.json")))!;
        Assert.Equal(128, index["metadata"]!["total_size"]!.GetValue<long>());
        Assert.Equal("model-00003-of-00003.safetensors", index["weight_map"]!["model.norm.weight"]!.GetValue<string>());
        ReadsBack();
        Write(100);
        Assert.Equal(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"], Files());
        ReadsBack();
        Write(1_000_000);
        Assert.Equal(["model.safetensors"], Files());
        ReadsBack();
    }

    [Fact]
    public void Other_files_stay()
    {
        foreach (var name in new[] { "model-old.safetensors", "adapter_model.safetensors", "config.json", "model-00001-of-2.safetensors" }) File.WriteAllText(Path.Combine(Folder, name), "x");
        Write(1_000_000);
        Assert.Equal(5, Files().Count());
    }

    [Fact]
    public void A_part_shows_its_names_and_reads_them()
    {
        Write(40);
        using var tensors = CheckpointTensors.Open(Folder);
        var part = tensors.Below("model.layers.0.q_proj");
        Assert.Equal(["bias", "weight"], part.Names.Order());
        Assert.Equal(new[] { 1f, 1f }, part.Read("bias").data<float>().ToArray());
        Assert.Equal("F32", tensors.Entry("model.layers.0.q_proj.bias").Dtype);
        Assert.Contains("'model.layers.0.q_proj.absmax'", Assert.Throws<KeyNotFoundException>(() => part.Read("absmax")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_is_named_and_a_pickle_is_never_read()
    {
        Assert.Contains(Folder, Assert.Throws<FileNotFoundException>(() => CheckpointTensors.Open(Folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(Folder, "pytorch_model.bin"), "x");
        Assert.Contains("convert it to safetensors", Assert.Throws<FileNotFoundException>(() => CheckpointTensors.Open(Folder)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => CheckpointTensors.Open(Path.Combine(Folder, "none")));
    }

    [Fact]
    public void An_index_that_lies_is_refused()
    {
        Write(40);
        var index = Path.Combine(Folder, "model.safetensors.index.json");
        var text = File.ReadAllText(index);
        File.WriteAllText(index, text.Replace("model.norm.weight", "model.norm.scale", StringComparison.Ordinal));
        Assert.Contains("'model.norm.scale': found no such tensor", Refused(), StringComparison.Ordinal);
        File.WriteAllText(index, text);
        File.Delete(Path.Combine(Folder, "model-00002-of-00003.safetensors"));
        Assert.Contains("'model-00002-of-00003.safetensors': found no such file", Refused(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_may_lead_to_the_blobs_of_the_cache_and_nowhere_else()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege on Windows");
        Write(40);
        const string Shard = "model-00002-of-00003.safetensors";
        var (place, blob, elsewhere) = (Path.Combine(Folder, Shard), Path.Combine(root, "blobs", "1234"), Path.Combine(root, "elsewhere"));
        Directory.CreateDirectory(Path.Combine(root, "blobs"));
        File.Move(place, blob);
        File.CreateSymbolicLink(place, "../../blobs/1234");
        ReadsBack();
        File.Move(blob, elsewhere);
        File.CreateSymbolicLink(blob, elsewhere);
        Assert.Contains("found a link to", Refused(), StringComparison.Ordinal);
        File.Delete(blob);
        Assert.Contains(Shard, Refused(), StringComparison.Ordinal);
        File.Delete(place);
        File.Move(elsewhere, Path.Combine(Folder, "other.safetensors"));
        File.CreateSymbolicLink(place, "other.safetensors");
        ReadsBack();
        Directory.CreateSymbolicLink(Path.Combine(root, "linked"), Folder);
        using var tensors = CheckpointTensors.Open(Path.Combine(root, "linked"));
        Assert.Equal(4, tensors.Names.Count);
    }

    private static KeyValuePair<string, Tensor>[] Model() =>
    [
        new("model.embed_tokens.weight", arange(8, dtype: ScalarType.Float32)), new("model.layers.0.q_proj.weight", arange(14, dtype: ScalarType.Float32).reshape(2, 7)),
        new("model.layers.0.q_proj.bias", ones(2)), new("model.norm.weight", arange(8, dtype: ScalarType.Float32)),
    ];

    private void Write(long largest) => ShardedWriter.Write(Folder, Model(), new Dictionary<string, string> { ["format"] = "pt" }, largest);

    private void ReadsBack()
    {
        using var tensors = CheckpointTensors.Open(Folder);
        var model = Model();
        Assert.Equal(model.Select(t => t.Key).Order(), tensors.Names.Order());
        foreach (var (name, tensor) in model) Assert.Equal(tensor.data<float>().ToArray(), tensors.Read(name).data<float>().ToArray());
    }

    private string Refused() => Assert.Throws<SafetensorsException>(() => CheckpointTensors.Open(Folder)).Message;

    private IEnumerable<string> Files() => Directory.GetFiles(Folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal);
}
