using System.Security.Cryptography;
using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Safetensors;

namespace Socratic.Training.Tests.Safetensors;

[Trait("Kind", "Golden")]
public sealed class GoldenSafetensorsTests : IDisposable
{
    private const string Area = "safetensors";
    private readonly string folder = Directory.CreateTempSubdirectory("safetensors-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "wellformed")]
    public void A_well_formed_file_reads_as_the_reference_reads_it(GoldenEntry entry) => GoldenReport.Run(Area, entry.ToString(), () =>
    {
        var path = GoldenRoot.File(Area, entry["file"]);
        var expected = GoldenRoot.Json(GoldenRoot.File(Area, entry["expected"]));
        using var file = SafetensorsFile.Open(path);
        HeaderEquals(expected, path, file);
        foreach (var tensor in expected.GetProperty("tensors").EnumerateObject()) TensorEquals(tensor.Value, file, tensor.Name, expected.GetProperty("data_start").GetInt64());
        WritesTheBytesOfTheLibrary(expected.GetProperty("library_writes_these_bytes").GetBoolean(), path, file);
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "malformed")]
    public void A_malformed_file_is_refused(GoldenEntry entry) => GoldenReport.Run(Area, entry.ToString(), () =>
    {
        var verdicts = GoldenRoot.Json(GoldenRoot.File(Area, entry["verdicts"]));
        Assert.Equal(entry.Json.GetProperty("count").GetInt32(), verdicts.GetArrayLength());
        foreach (var verdict in verdicts.EnumerateArray())
        {
            var name = verdict.GetProperty("file").GetString()!;
            Judge(verdict.GetProperty("ours").GetString()!, GoldenRoot.File(Area, name), $"{name} ({verdict.GetProperty("what").GetString()})", null);
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "mutants")]
    public void A_mutant_is_judged_as_the_rules_say(GoldenEntry entry) => GoldenReport.Run(Area, entry.ToString(), () =>
    {
        var archive = File.ReadAllBytes(GoldenRoot.File(Area, entry["archive"]));
        var index = GoldenRoot.Json(GoldenRoot.File(Area, entry["index"]));
        var parsed = index.GetProperty("reference_parse");
        var rows = index.GetProperty("rows");
        Assert.Equal(entry.Json.GetProperty("count").GetInt32(), rows.GetArrayLength());
        var mutant = Path.Combine(folder, "mutant.safetensors");
        for (var i = 0; i < rows.GetArrayLength(); i++)
        {
            File.WriteAllBytes(mutant, archive.AsSpan(rows[i][0].GetInt32(), rows[i][1].GetInt32()));
            var reference = parsed.TryGetProperty($"{i}", out var p) ? p : (JsonElement?)null;
            Assert.Equal(rows[i][3].GetInt32() == 1, reference is not null);
            Judge(rows[i][4].GetString()!, mutant, $"mutant {i}", reference);
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "sharded")]
    public void An_index_is_judged_as_the_rules_say(GoldenEntry entry) => GoldenReport.Run(Area, entry.ToString(), () =>
    {
        foreach (var shard in Directory.EnumerateFiles(GoldenRoot.File(Area, entry["folder"]), "*.safetensors")) File.Copy(shard, Path.Combine(folder, Path.GetFileName(shard)));
        foreach (var verdict in GoldenRoot.Json(GoldenRoot.File(Area, entry["verdicts"])).EnumerateArray())
        {
            var text = verdict.GetProperty("index_json").GetString()!;
            File.WriteAllText(Path.Combine(folder, ShardIndex.FileName), text);
            var what = $"{verdict.GetProperty("name").GetString()} ({verdict.GetProperty("what").GetString()})";
            var error = Record.Exception(() => ReadAll(text));
            if (verdict.GetProperty("ours").GetString() == "accept") Assert.True(error is null, $"{what}: {error?.Message}");
            else Assert.True(error is SafetensorsException, $"{what}: {error?.ToString() ?? "was accepted"}");
        }
    });

    private void ReadAll(string index)
    {
        using var tensors = CheckpointTensors.Open(folder);
        using var json = JsonDocument.Parse(index);
        Assert.Equal(json.RootElement.GetProperty("weight_map").EnumerateObject().Select(t => t.Name).Order(), tensors.Names.Order());
        foreach (var tensor in json.RootElement.GetProperty("weight_map").EnumerateObject())
        {
            using var read = tensors.Read(tensor.Name);
            Assert.Equal(new GoldenTensors(Path.Combine(folder, tensor.Value.GetString()!)).Floats(tensor.Name), read.data<float>().ToArray());
        }
    }

    /// <summary>A refusal is the one documented exception; an accepted file gives the metadata, dtypes and shapes that the reference read.</summary>
    private static void Judge(string verdict, string path, string what, JsonElement? reference)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            Assert.True(verdict != "reject", $"{what} was accepted");
            if (reference is not { } expected) return;
            MetadataEquals(expected.GetProperty("metadata"), file);
            var tensors = expected.GetProperty("tensors").EnumerateObject().ToDictionary(t => t.Name, t => t.Value);
            Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
            foreach (var (name, tensor) in tensors) EntryEquals(tensor, file.Tensors[name]);
        }
        catch (SafetensorsException e)
        {
            Assert.True(verdict != "accept", $"{what} was refused: {e.Message}");
        }
    }

    private static void HeaderEquals(JsonElement expected, string path, SafetensorsFile file)
    {
        Assert.Equal(expected.GetProperty("file_length").GetInt64(), new FileInfo(path).Length);
        Assert.Equal(expected.GetProperty("header_length").GetInt64() + 8, expected.GetProperty("data_start").GetInt64());
        Assert.Equal(expected.GetProperty("data_start").GetInt64(), file.DataStart);
        MetadataEquals(expected.GetProperty("metadata"), file);
        Assert.Equal(expected.GetProperty("tensors").EnumerateObject().Select(t => t.Name).Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
    }

    private static void MetadataEquals(JsonElement expected, SafetensorsFile file)
    {
        if (expected.ValueKind == JsonValueKind.Null) Assert.Null(file.Metadata);
        else Assert.Equal(expected.EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!), file.Metadata!.ToDictionary());
    }

    private static void EntryEquals(JsonElement expected, SafetensorsEntry entry)
    {
        Assert.Equal(expected.GetProperty("dtype").GetString(), entry.Dtype);
        Assert.Equal(expected.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()), entry.Shape);
    }

    private static void TensorEquals(JsonElement expected, SafetensorsFile file, string name, long dataStart)
    {
        var entry = file.Tensors[name];
        EntryEquals(expected, entry);
        Assert.Equal(expected.GetProperty("begin").GetInt64(), entry.Offset - dataStart);
        Assert.Equal(expected.GetProperty("end").GetInt64(), entry.Offset + entry.Length - dataStart);
        Assert.Equal(expected.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(file.ReadBytes(name))));
        if (expected.TryGetProperty("values", out var values)) GoldenValues.Equal(values, file, name);
        else if (SafetensorsDtype.Find(entry.Dtype)!.Torch is not null) file.Read(name).Dispose();
    }

    /// <summary>Written again, from its bytes and from its tensors, a file is the same if the library wrote it, and else not.</summary>
    private void WritesTheBytesOfTheLibrary(bool byLibrary, string path, SafetensorsFile file)
    {
        var copy = Path.Combine(folder, "copy.safetensors");
        var bytes = file.Tensors.Values.Select(t => new StoredTensor(t.Name, SafetensorsDtype.Find(t.Dtype)!, t.Shape, stream => stream.Write(file.ReadBytes(t.Name))));
        SafetensorsWriter.Write(copy, [.. bytes], file.Metadata);
        Assert.Equal(byLibrary, File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(copy)));
        if (file.Tensors.Values.Any(t => SafetensorsDtype.Find(t.Dtype)!.Torch is null)) return;
        using var scope = TorchSharp.torch.NewDisposeScope();
        SafetensorsWriter.Write(copy, file.Names.Select(n => KeyValuePair.Create(n, file.Read(n))), file.Metadata);
        Assert.Equal(byLibrary, File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(copy)));
    }
}
