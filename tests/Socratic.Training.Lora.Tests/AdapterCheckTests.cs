using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Tests.Hosts;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests;

public sealed class AdapterCheckTests
{
    private static readonly LoraOptions Options = new() { Rank = 2, TargetModules = ["first", "rest_1"] };

    [Fact]
    public void A_saved_adapter_that_does_nothing_is_faithful_and_warned_about()
    {
        using var folder = new TemporaryFolder();
        using var model = new ModuleHostTests.Own();
        using var x = randn(5, 4);
        var adapter = model.AddLora(Options);
        adapter.Save(folder.Path);
        var check = adapter.Check(folder.Path, () => model.call(x));
        Assert.True(check.IsFaithful);
        Assert.Equal(0, check.Effect);
        Assert.Contains("next to nothing", check.Warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_live_adapter_that_went_on_differs_from_the_saved_one_and_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        using var model = new ModuleHostTests.Own();
        using var x = randn(5, 4);
        var adapter = model.AddLora(Options with { Initialization = LoraInitialization.Random });
        adapter.Save(folder.Path);
        var check = adapter.Check(folder.Path, () => model.call(x));
        Assert.Equal((true, null), (check.IsFaithful, check.Warning));
        using (no_grad()) adapter.Parameters.First().Parameter.add_(1);
        using var before = model.call(x).detach();
        check = adapter.Check(folder.Path, () => model.call(x));
        Assert.False(check.IsFaithful);
        Assert.NotNull(check.Warning);
        Assert.True(before.equal(model.call(x)).all().item<bool>());
    }

    [Fact]
    public void An_adapter_that_is_not_finite_is_never_saved()
    {
        using var folder = new TemporaryFolder();
        using var model = new ModuleHostTests.Own();
        var adapter = model.AddLora(Options);
        adapter.Save(folder.Path);
        var file = File.ReadAllBytes(folder.File(AdapterReader.FileName));
        using (no_grad()) adapter.Parameters.Last().Parameter.fill_(double.NaN);
        var e = Assert.Throws<InvalidOperationException>(() => adapter.Save(folder.Path));
        Assert.Contains(adapter.Parameters.Last().FileKey, e.Message, StringComparison.Ordinal);
        Assert.Equal(file, File.ReadAllBytes(folder.File(AdapterReader.FileName)));
    }

    [Fact]
    public void The_card_names_the_settings_and_one_that_was_edited_stays()
    {
        using var folder = new TemporaryFolder();
        using var model = new ModuleHostTests.Own();
        var adapter = model.AddLora(Options);
        adapter.Save(folder.Path);
        var card = File.ReadAllText(folder.File(ModelCard.FileName));
        Assert.Contains("library_name: peft", card, StringComparison.Ordinal);
        Assert.Contains("first, rest_1", card, StringComparison.Ordinal);
        File.WriteAllText(folder.File(ModelCard.FileName), "mine");
        adapter.Save(folder.Path);
        Assert.Equal("mine", File.ReadAllText(folder.File(ModelCard.FileName)));
    }

    [Theory]
    [InlineData("google/gemma-2-2b", "base_model: google/gemma-2-2b", "`google/gemma-2-2b`")]
    [InlineData("/home/me/models/gemma", null, "`gemma`")]
    [InlineData("../models/gemma", null, "`../models/gemma`")]
    [InlineData("gemma", null, "`gemma`")]
    public void The_card_names_the_base_as_a_hub_takes_it_and_no_path_of_this_machine(string baseModel, string? metadata, string named)
    {
        using var folder = new TemporaryFolder();
        using var model = new ModuleHostTests.Own();
        ModelCard.Write(folder.Path, model.AddLora(Options), baseModel);
        var card = File.ReadAllText(folder.File(ModelCard.FileName));
        if (metadata is null) Assert.DoesNotContain("base_model:", card, StringComparison.Ordinal);
        else Assert.Contains(metadata + "\n", card, StringComparison.Ordinal);
        Assert.Contains(named, card, StringComparison.Ordinal);
        Assert.DoesNotContain("/home", card, StringComparison.Ordinal);
    }

    [Fact]
    public void What_other_programs_cannot_load_is_said_when_it_is_added()
    {
        using var model = new ModuleHostTests.Own();
        Assert.Empty(model.AddLora(Options).Warnings);
        Assert.Contains(model.AddLora(Options with { UseDora = true }, "dora").Warnings, w => w.Contains("vLLM", StringComparison.Ordinal) && w.Contains("DoRA", StringComparison.Ordinal));
    }

    [Fact]
    public void Strength_scales_the_share()
    {
        using var model = new ModuleHostTests.Own();
        using var x = randn(5, 4);
        var adapter = model.AddLora(Options with { TargetModules = ["rest_1"], Initialization = LoraInitialization.Random });
        using var none = no_grad();
        using var full = model.call(x);
        adapter.Strength = 0;
        using var off = model.call(x);
        using (model.DisableAdapter()) Assert.True(off.allclose(model.call(x)));
        adapter.Strength = 0.5;
        using var half = model.call(x);
        Assert.True(((full + off) / 2).allclose(half, 1e-4, 1e-5));
    }
}
