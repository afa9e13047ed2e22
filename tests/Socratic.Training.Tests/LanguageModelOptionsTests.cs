using System.Text.Json.Nodes;
using Socratic.Training.Lora;
using Socratic.Training.Tests.Models;
using static TorchSharp.torch;

namespace Socratic.Training.Tests;

/// <summary>Mixed precision, gradient checkpointing, smoothing and noise together over an adapter: tried out, then run.</summary>
public sealed class LanguageModelOptionsTests
{
    [Fact]
    public void ADryRunLeavesTheAdapterAsItWasAndTheRunSaysWhatItComputedIn()
    {
        using var tiny = new TinyModel();
        using var output = new TestFolder();
        manual_seed(3);
        using var model = CausalLanguageModel.Load(tiny.Folder);
        model.AddLora(new LoraOptions { Rank = 4, Alpha = 8, Dropout = 0.3, TargetModules = ["q_proj", "v_proj"] });
        var options = new TrainingOptions
        {
            OutputDirectory = Path.Combine(output.Path, "run"), TrainBatchSize = 2, MaxSteps = 3, Precision = TrainingPrecision.Mixed, GradientCheckpointing = true,
            LabelSmoothingFactor = 0.1, NeftuneNoiseAlpha = 5,
        };
        var before = Weights(model);
        using (var dry = new LanguageModelTrainer(model, options with { DryRun = true }, Rows())) Assert.Equal(TrainingOutcome.DryRun, dry.Train().Outcome);
        Assert.Equal(before, Weights(model));
        Assert.False(Directory.Exists(options.OutputDirectory));

        using var trainer = new LanguageModelTrainer(model, options, Rows());
        Assert.Equal(TrainingOutcome.Completed, trainer.Train().Outcome);
        Assert.NotEqual(before, Weights(model));
        Assert.False(model.IsMixed);
        var written = JsonNode.Parse(File.ReadAllText(Path.Combine(options.OutputDirectory, "training_config.json")))!;
        Assert.Equal("float32", (string)written["model_dtype"]!);
        Assert.True((bool)written["training_args"]!["bf16"]!);
    }

    private static TokenRows Rows() => new([.. Enumerable.Range(4, 6).Select(n => new TokenRow(Ids(n), Ids(n)))], padId: 0, padToMultipleOf: 8);

    private static int[] Ids(int length) => [.. Enumerable.Range(0, length).Select(i => 3 + (i * 7 + length) % 50)];

    private static float[] Weights(CausalLanguageModel model)
    {
        using var scope = NewDisposeScope();
        return [.. model.parameters().Where(p => p.requires_grad).SelectMany(p => p.detach().reshape(-1).data<float>().ToArray())];
    }
}
