using Socratic.Testing.Golden;
using Socratic.Training.Lora.Tests.Cases;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Sites;

public sealed class SavedModuleTests
{
    [Fact]
    public void Norms_are_trained_in_full_switched_off_saved_and_loaded()
    {
        Assert.SkipUnless(GoldenRoot.Has(Peft.Area), "golden/peft is not there");
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var golden = new GoldenCase(GoldenRoot.Cases(Peft.Area)[0]);
        using var model = golden.LoadBase();
        using var none = no_grad();
        using var before = model.Forward(golden.Ids);
        var adapter = model.AddLora(new LoraOptions { TargetModules = ["q_proj"], ModulesToSave = ["norm"] });
        var norms = adapter.Parameters.Where(p => p.Path.EndsWith("norm", StringComparison.Ordinal)).ToArray();
        Assert.Contains(norms, p => p.Name == "model.norm.modules_to_save.default.weight" && p.FileKey == "base_model.model.model.norm.weight");
        Assert.Contains(norms, p => p.Name == "model.layers.0.input_layernorm.modules_to_save.default.weight");
        foreach (var norm in norms) norm.Parameter.add_(0.5);
        using var after = model.Forward(golden.Ids);
        Assert.False(before.allclose(after));
        using (model.DisableAdapter()) Assert.True(before.equal(model.Forward(golden.Ids)).all().item<bool>());

        model.Lora().Save(folder.Path);
        using var again = golden.LoadBase();
        again.LoadAdapter(folder.Path);
        Assert.True(after.equal(again.Forward(golden.Ids)).all().item<bool>());
        again.Lora().MergeAndUnload();
        Assert.True(after.equal(again.Forward(golden.Ids)).all().item<bool>());
        again.SaveWeights(folder.File("plain"));
    }

    [Fact]
    public void Gradients_reach_the_trained_copy_only()
    {
        Assert.SkipUnless(GoldenRoot.Has(Peft.Area), "golden/peft is not there");
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(GoldenRoot.Cases(Peft.Area)[0]);
        using var model = golden.LoadBase();
        model.AddLora(new LoraOptions { TargetModules = ["q_proj"], ModulesToSave = ["model.norm"] });
        golden.MeanLoss(model).backward();
        Assert.All(model.named_parameters(), p => Assert.Equal(p.name.Contains("lora_", StringComparison.Ordinal) || p.name.Contains("modules_to_save", StringComparison.Ordinal), p.parameter.grad is not null));
    }
}
