using System.Text.Json.Nodes;

namespace Socratic.Samples.Tests;

/// <summary>Bad input gets one clear sentence that names the thing and the fix, an exit code above 0, no stack trace, and leaves every folder as it was.</summary>
public sealed class BadInputTests
{
    [Fact]
    public void AModelFolderThatDoesNotExist() => Refuses(_ => ["--model", "nowhere"], "nowhere");

    [Fact]
    public void AModelFolderWithoutWeights() => Refuses(f => ["--model", Model(f, m => File.Delete(Path.Combine(m, "model.safetensors")))], "model.safetensors");

    [Fact]
    public void AnUnknownArchitecture()
        => Refuses(f => ["--model", Model(f, m => Edit(Path.Combine(m, "config.json"), c => { c["model_type"] = "mamba"; c["architectures"] = new JsonArray("MambaForCausalLM"); }))], "mamba", "gemma2");

    [Fact]
    public void ATruncatedFile() => Refuses(f => ["--model", Model(f, m => Cut(Path.Combine(m, "model.safetensors"), 1_000_000))], "model.safetensors");

    [Fact]
    public void ATokenizerThatDoesNotFitTheEmbedding()
        => Refuses(f => ["--model", Model(f, m => Edit(Path.Combine(m, "config.json"), c => c["vocab_size"] = 4000))], "4608", "4000");

    [Fact]
    public void ADialogueFileThatDoesNotExist() => Refuses(_ => ["--data", "nothing.json"], "nothing.json");

    [Fact]
    public void DialoguesThatDoNotAlternate()
        => Refuses(f => ["--data", Data(f, """[{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "model", "content": "c"}]}]""")], "data.json:1", "user");

    [Fact]
    public void DataThatIsNoJson() => Refuses(f => ["--data", Data(f, "[{\"messages\": [}")], "data.json:1");

    [Fact]
    public void EmptyData() => Refuses(f => ["--data", Data(f, "[]")], "data.json");

    [Fact]
    public void ASplitWithoutEvaluationRows()
        => Refuses(f => ["--data", Data(f, """[{"messages": [{"role": "user", "content": "a"}, {"role": "model", "content": "b"}]}]""")], "1 rows");

    [Fact]
    public void AnOutputPathThatIsAFile() => Refuses(
        f =>
        {
            File.WriteAllText(Path.Combine(f.Path, "taken"), "mine");
            return ["--output", "taken"];
        },
        "taken", "is a file");

    [Fact]
    public void AnOutputFolderBelowAFile() => Refuses(
        f =>
        {
            File.WriteAllText(Path.Combine(f.Path, "taken"), "mine");
            return ["--output", "taken/sub/deeper"];
        },
        "taken", "is a file");

    [Fact]
    public void OptionsOutOfRangeAllAtOnce() => Refuses(_ => ["--steps", "-1", "--learning-rate", "-0.5"], "MaxSteps is -1", "LearningRate is -0.5");

    [Fact]
    public void AnEmptyPath() => Refuses(_ => ["--model", "", "--data", ""], "--model is empty", "--data is empty");

    [Fact]
    public void AFolderInPlaceOfData() => Refuses(_ => ["--data", "."], "'.' is a folder");

    [Fact]
    public void ATokenizerThatIsMissing() => Refuses(f => ["--model", Model(f, m => Delete(m, "tokenizer*"))], "tokenizer.model");

    [Fact]
    public void AnUnknownOption() => Refuses(_ => ["--modle", "x"], "--modle");

    private static void Refuses(Func<TestFolder, string[]> arrange, params string[] named)
    {
        using var folder = new TestFolder();
        var arguments = arrange(folder);
        var before = Host.Hash(folder.Path);
        var ended = Host.Run(folder.Path, arguments);
        Assert.NotEqual(0, ended.ExitCode);
        Assert.All(named, name => Assert.Contains(name, ended.Error, StringComparison.Ordinal));
        Assert.DoesNotContain("The log has more", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Output + ended.Error, StringComparison.Ordinal);
        Assert.Equal(before, Host.Hash(folder.Path));
    }

    private static string Model(TestFolder folder, Action<string> damage)
    {
        var model = folder.Copy(Host.Model, "model");
        damage(model);
        return model;
    }

    private static string Data(TestFolder folder, string text)
    {
        var path = Path.Combine(folder.Path, "data.json");
        File.WriteAllText(path, text);
        return path;
    }

    private static void Delete(string folder, string pattern)
    {
        foreach (var file in Directory.GetFiles(folder, pattern)) File.Delete(file);
    }

    private static void Edit(string path, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private static void Cut(string path, long length)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.SetLength(length);
    }
}
