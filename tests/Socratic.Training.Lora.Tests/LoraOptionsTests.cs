namespace Socratic.Training.Lora.Tests;

public sealed class LoraOptionsTests
{
    [Fact]
    public void The_defaults_are_those_of_PEFT_and_have_no_problem() => Assert.Empty(new LoraOptions().Validate());

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        var options = new LoraOptions
        {
            Rank = 0, Alpha = double.NaN, Dropout = 1, TargetModules = "(", LayersToTransform = [0], LayersPattern = [], LoraBias = true, UseDora = true,
            RankPattern = new Dictionary<string, int> { ["q_proj"] = 0, ["["] = 1 }, ModulesToSave = [""], TaskType = "MAGIC", TrainableTokenIndices = [-1],
        };
        var problems = options.Validate();
        foreach (var name in new[] { "Rank ", "Alpha", "Dropout", "TargetModules '('", "LayersToTransform", "LoraBias", "RankPattern 'q_proj'", "RankPattern '['", "ModulesToSave", "TaskType", "TrainableTokenIndices" })
            Assert.Contains(problems, p => p.Contains(name, StringComparison.Ordinal));
    }

    [Fact]
    public void A_pattern_without_numbers_of_layers_is_a_problem()
        => Assert.Contains(new LoraOptions { LayersPattern = ["layers"] }.Validate(), p => p.Contains("LayersPattern", StringComparison.Ordinal));

    [Theory]
    [InlineData("gaussian")]
    [InlineData("pissa_niter_4")]
    [InlineData("OLORA")]
    public void Initializations_are_known_by_their_names(string name) => Assert.Equal(name.ToLowerInvariant(), LoraInitialization.FromName(name)!.Name);

    [Theory]
    [InlineData("magic")]
    [InlineData("pissa_niter_")]
    [InlineData("pissa_niter_x")]
    public void Unknown_initializations_are_not(string name) => Assert.Null(LoraInitialization.FromName(name));

    [Fact]
    public void A_run_can_be_repeated_from_its_configuration()
    {
        using var model = new Hosts.ModuleHostTests.Own();
        var options = new LoraOptions
        {
            Rank = 3, Alpha = 1.5, Dropout = 0.25, TargetModules = ["first", "rest_0"], UseRsLora = true, Initialization = LoraInitialization.Gaussian,
            RankPattern = new Dictionary<string, int> { ["rest_0"] = 2 },
        };
        model.AddLora(options);
        var section = model.Lora().DescribeConfiguration();
        Assert.Equal("lora_config", model.Lora().ConfigurationSection);
        Assert.Equal(Order, section.Select(m => m.Key).OrderBy(k => Array.IndexOf(Order, k)));
        var again = LoraOptions.FromConfiguration(section);
        Assert.Equal(options with { RankPattern = again.RankPattern, AlphaPattern = again.AlphaPattern }, again);
        Assert.Equal(options.RankPattern, again.RankPattern);
    }

    private static readonly string[] Order = ["r", "lora_alpha", "lora_dropout", "target_modules", "bias", "task_type", "use_rslora", "init_lora_weights", "rank_pattern", "peft_version"];
}
