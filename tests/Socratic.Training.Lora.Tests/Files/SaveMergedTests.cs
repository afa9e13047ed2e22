using Socratic.Testing.Golden;
using Socratic.Training.Lora.Tests.Cases;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Files;

public sealed class SaveMergedTests
{
    [Theory]
    [InlineData(long.MaxValue, 1)]
    [InlineData(30_000, 6)]
    public void A_merged_model_is_a_plain_folder_that_loads_and_computes_the_same(long maxShardBytes, int atLeast)
    {
        Assert.SkipUnless(GoldenRoot.Has(Peft.Area), "golden/peft is not there");
        using var scope = NewDisposeScope();
        using var none = no_grad();
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("model-00009-of-00009.safetensors"), "stale");
        using var golden = new GoldenCase(GoldenRoot.Cases(Peft.Area)[0]);
        using var model = golden.LoadBase();
        var adapter = model.LoadAdapter(golden.AdapterFolder);
        model.Lora().SaveMerged(folder.Path, maxShardBytes);
        Assert.Empty(model.Lora().Merged);
        golden.CheckLogits(model, "logits");

        var files = Directory.GetFiles(folder.Path, "*.safetensors");
        Assert.True(files.Length >= atLeast, $"{files.Length} files");
        Assert.Equal(files.Length > 1, File.Exists(folder.File("model.safetensors.index.json")));
        using var plain = CausalLanguageModel.Load(folder.Path);
        Close.Largest(GoldenCase.Values(plain.Forward(golden.Ids)), golden.Floats("logits_merged"), golden.LogitTolerance, "logits of the folder");
    }

    [Fact]
    public void A_module_of_ones_own_has_no_such_folder()
    {
        using var layer = new Hosts.ModuleHostTests.Own();
        layer.AddLora(new LoraOptions { TargetModules = "all-linear" });
        Assert.Throws<NotSupportedException>(() => layer.Lora().SaveMerged(Path.GetTempPath()));
    }
}
