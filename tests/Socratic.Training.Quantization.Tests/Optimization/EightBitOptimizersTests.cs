using Socratic.Training.Quantization.Tests.Loading;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Optimization;

/// <summary>8-bit AdamW as a run asks for it.</summary>
public sealed class EightBitOptimizersTests
{
    private static readonly TrainerServices Services = new() { OptimizerFactory = new EightBitOptimizers() };

    [Fact]
    public void ARunThatIsCutAndGoesOnEndsInTheSameBits()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.File("model"));
        var whole = Train(folder, "whole", 6);
        Train(folder, "cut", 4);
        Assert.Equal(whole, Train(folder, "cut", 6));
        Assert.NotEqual(whole, Train(folder, "longer", 7));
    }

    [Fact]
    public void MomentsOfTokenTablesAndOfSmallParametersStayInFloat32()
    {
        using var folder = new TemporaryFolder();
        TinyModel.Write(folder.File("model"));
        using var model = CausalLanguageModel.Load(folder.File("model"));
        using var optimizer = new EightBitOptimizers().Create(model, Options(folder.File("out"), 1))!;
        var types = optimizer.StateTensors().Where(s => s.Key.EndsWith(".state1", StringComparison.Ordinal)).ToDictionary(s => s.Key[..^".state1".Length], s => s.Value.dtype, StringComparer.Ordinal);
        var counts = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.numel(), StringComparer.Ordinal);
        Assert.Equal(counts.Keys.Order(StringComparer.Ordinal), types.Keys.Order(StringComparer.Ordinal));
        Assert.True(counts["model.embed_tokens.weight"] >= 4096);
        Assert.All(types, t => Assert.Equal(t.Key == "model.embed_tokens.weight" || counts[t.Key] < 4096 ? ScalarType.Float32 : ScalarType.Byte, t.Value));
        Assert.Contains(ScalarType.Byte, types.Values);
    }

    [Fact]
    public void OtherKindsAreLeftToTheTrainer()
    {
        using var module = nn.Linear(2, 2);
        Assert.Null(new EightBitOptimizers().Create(module, new TrainingOptions { OutputDirectory = "out" }));
    }

    // A constant rate, so that a cut run has that of the whole one.
    private static TrainingOptions Options(string output, int steps) => new()
    {
        OutputDirectory = output, MaxSteps = steps, TrainBatchSize = 2, LearningRate = 1e-3, Schedule = LearningRateSchedule.Constant, SaveSteps = 2, SaveTotalLimit = 1, Optimizer = OptimizerKind.AdamW8Bit, Seed = 5,
    };

    private static byte[] Train(TemporaryFolder folder, string name, int steps)
    {
        using var model = CausalLanguageModel.Load(folder.File("model"));
        var rows = new TokenRows([.. Enumerable.Range(0, 6).Select(r => new TokenRow([.. Enumerable.Range(0, 12).Select(i => (r * 7 + i * 5) % 96)]))]);
        var latest = folder.File(name, "checkpoint-4");
        using var trainer = new LanguageModelTrainer(model, Options(folder.File(name), steps), rows, services: Services);
        trainer.Train(Directory.Exists(latest) ? latest : null);
        return File.ReadAllBytes(folder.File(name, "model.safetensors"));
    }
}
