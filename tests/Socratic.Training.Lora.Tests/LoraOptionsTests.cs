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
}
