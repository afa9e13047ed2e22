namespace Socratic.Samples.Tests;

/// <summary>A person's own model, of another family than the quickstart's: it trains, goes on where it was killed, and answers.</summary>
public sealed class FamilyTests
{
    [Theory]
    [InlineData("llama", "LlamaForCausalLM", "llama3", 4416, false)]
    [InlineData("qwen2", "Qwen2ForCausalLM", "qwen2", 4226, true)]
    public void TheQuickstartTrainsIt(string type, string architecture, string tokenizer, int vocabulary, bool hasBiases)
    {
        using var folder = new TestFolder();
        var model = TinyModel.Write(folder, type, architecture, tokenizer, vocabulary, hasBiases);
        string[] arguments = ["--model", model, "--output", "out", "--steps", "40", "--learning-rate", "0.01"];
        Assert.NotNull(Host.KillAt(folder.Path, "checkpoint-20", arguments));
        var resumed = Host.Run(folder.Path, arguments);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
        Assert.Contains("Going on from checkpoint-20: update 20 of 40.", resumed.Output, StringComparison.Ordinal);
        Assert.Equal(3, resumed.Output.Split("  after ").Length - 1);
        Assert.True(File.Exists(Path.Combine(folder.Path, "out", "adapter_model.safetensors")));

        var again = Host.Run(folder.Path, arguments);
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(3, again.Output.Split("  answer ").Length - 1);
    }

    [Theory]
    [InlineData("nf4")]
    [InlineData("fp4")]
    public void TheQuickstartTrainsOverFourBits(string type)
    {
        using var folder = new TestFolder();
        string[] arguments = ["--quantize", type, "--steps", "10", "--output", "out"];
        var trained = Host.Run(folder.Path, arguments);
        Assert.True(trained.ExitCode == 0, trained.Error);
        Assert.Equal(3, trained.Output.Split("  after ").Length - 1);
        Assert.Contains($"\"bnb_4bit_quant_type\": \"{type}\"", File.ReadAllText(Path.Combine(folder.Path, "out", "training_config.json")), StringComparison.Ordinal);
        Assert.Equal(0, Host.Run(folder.Path, arguments).ExitCode);
    }

    [Fact]
    public void ARowIsShownTokenByToken()
    {
        using var folder = new TestFolder();
        var shown = Host.Run(folder.Path, "inspect", "3");
        Assert.True(shown.ExitCode == 0, shown.Error);
        Assert.Contains("row 3: 35 tokens, 20 trained, 0 cut", shown.Output, StringComparison.Ordinal);
        Assert.Contains("<end_of_turn>", shown.Output, StringComparison.Ordinal);

        var missing = Host.Run(folder.Path, "inspect", "3000");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("there is no row 3000; the file has the rows 0 to 299", missing.Error, StringComparison.Ordinal);
    }
}
