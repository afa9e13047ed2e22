using Socratic.Testing;
using Socratic.Training.Data;
using Socratic.Training.Lora;
using Socratic.Training.Quantization.Layers;
using Socratic.Training.Quantization.Tests.Loading;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Qlora;

/// <summary>Norms in float32 in a model of 16 bits: the float32 residual stream, and everything that meets it.</summary>
public sealed class NormsInFloat32Tests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory, InlineData("llama"), InlineData("qwen2"), InlineData("gemma2")]
    public void NormsAndBiasesAreFloat32AndNothingElse(string family)
    {
        using var model = Load(family);
        Assert.Equal(ScalarType.BFloat16, model.Dtype);
        foreach (var (name, parameter) in model.named_parameters())
            Assert.True(parameter.dtype == (parameter.dim() == 1 ? ScalarType.Float32 : ScalarType.BFloat16), $"{name} is {parameter.dtype}");
        Assert.Equal(family == "qwen2", model.LinearLayers.Any(l => l.Layer.Bias is not null));
        Assert.All(model.LinearLayers.Select(l => l.Layer).OfType<QuantizedLinear>(), l => Assert.Equal(ScalarType.BFloat16, l.ComputeTypeFor(ScalarType.Float32)));
        Assert.Equal(ScalarType.BFloat16, model.Forward(Ids).dtype);
    }

    [Fact]
    public void GemmaComputesTheSameToTheBit()
    {
        using var with = Load("gemma2");
        using var without = Load("gemma2", new QuantizationOptions());
        Assert.Equal(Logits(without), Logits(with));
        Assert.Equal(Loss(without).ToSingle(), Loss(with).ToSingle());
        foreach (var model in new[] { with, without }) AddLora(model);
        Assert.Equal(Gradients(without), Gradients(with));
    }

    [Theory]
    [InlineData("llama", QuantizedComputeDtype.Auto), InlineData("llama", QuantizedComputeDtype.Float32)]
    [InlineData("qwen2", QuantizedComputeDtype.Auto), InlineData("qwen2", QuantizedComputeDtype.Float32)]
    public void OthersAreNearerToTheModelInFloat32(string family, QuantizedComputeDtype compute)
    {
        using var exact = Load(family, new QuantizationOptions(), ModelDtype.Float32);
        using var with = Load(family, Asked with { ComputeDtype = compute });
        using var without = Load(family, new QuantizationOptions { ComputeDtype = compute });
        double Apart(Func<CausalLanguageModel, float[]> values, CausalLanguageModel model) => values(model).Zip(values(exact), (a, b) => Math.Abs((double)a - b)).Average();
        var logits = (With: Apart(Logits, with), Without: Apart(Logits, without));
        foreach (var model in new[] { exact, with, without }) AddLora(model);
        var gradients = (With: Apart(Gradients, with), Without: Apart(Gradients, without));
        output.WriteLine($"{family}, products {compute}: logits {logits.With:G3} instead of {logits.Without:G3} from float32, gradients {gradients.With:G3} instead of {gradients.Without:G3}");
        // Products in 16 bits, and the head's, are beside it in both.
        Assert.InRange(logits.With, 1e-9, (compute == QuantizedComputeDtype.Auto ? 0.95 : 0.6) * logits.Without);
        Assert.InRange(gradients.With, 1e-12, (compute == QuantizedComputeDtype.Auto ? 0.95 : 0.6) * gradients.Without);
    }

    [Theory, InlineData("llama"), InlineData("qwen2"), InlineData("gemma2")]
    public void WhatIsSavedIsAsWithoutIt(string family)
    {
        Write(family);
        foreach (var (name, options) in new[] { ("with", Asked), ("without", new QuantizationOptions()) })
        {
            using var model = Load(family, options);
            CheckpointGoldenTests.Save(model, folder.File(name));
            manual_seed(1);
            model.AddLora(new LoraOptions { TargetModules = ["q_proj", "down_proj"] });
            foreach (var target in new[] { MergeTarget.OwnForm, MergeTarget.Dequantized }) model.Lora().SaveMerged(folder.File($"{name}-{target}"), target: target);
        }
        foreach (var kind in new[] { "", "-OwnForm", "-Dequantized" })
            foreach (var file in new[] { "model.safetensors", "config.json" })
                Assert.Equal(File.ReadAllBytes(folder.File("without" + kind, file)), File.ReadAllBytes(folder.File("with" + kind, file)));
        using var again = CausalLanguageModel.Load(folder.File("with"), load => { load.Dtype = ModelDtype.BFloat16; load.QuantizeTo4Bit(Asked); });
        using var first = Load(family);
        Assert.Equal(Logits(first), Logits(again));
    }

    [Fact]
    public void ANormThatWasTrainedComesBackFromACheckpointToTheBit()
    {
        using var model = Load("llama");
        var norm = model.named_parameters().First(p => p.name == "model.norm.weight").parameter;
        using (no_grad()) norm.mul_(1.0001.ToScalar());
        var trained = PeftCase.Values(norm);
        model.SaveWeights(folder.File("saved"));
        using (no_grad()) norm.zero_();
        model.LoadWeights(folder.File("saved"));
        Assert.Equal(trained, PeftCase.Values(norm));
    }

    [Theory, InlineData("llama", "none"), InlineData("qwen2", "down_proj"), InlineData("gemma2", "k_proj")]
    public void TrainingLowersTheLossAndCheckpointingGivesTheSameBits(string family, string skipped)
    {
        byte[] Train(bool checkpointing)
        {
            using var model = Load(family, Asked with { SkipModules = [skipped] });
            manual_seed(3);
            model.AddLora(new LoraOptions { Rank = 4, Alpha = 8, Dropout = 0.1, TargetModules = ["q_proj", "v_proj", "down_proj"] });
            var before = Loss(model).ToDouble();
            var options = new TrainingOptions { OutputDirectory = folder.File($"out-{checkpointing}"), MaxSteps = 12, TrainBatchSize = 2, LearningRate = 5e-3, GradientCheckpointing = checkpointing };
            using (var trainer = new LanguageModelTrainer(model, options, new TokenRows([new TokenRow(Row(0)), new TokenRow(Row(1))]))) trainer.Train();
            Assert.True(Loss(model).ToDouble() < before - 0.2, $"the loss went from {before} to {Loss(model).ToDouble()}");
            return File.ReadAllBytes(Path.Combine(options.OutputDirectory, "adapter_model.safetensors"));
        }
        Assert.Equal(Train(false), Train(true));
    }

    [Theory, InlineData("llama"), InlineData("gemma2")]
    public void GenerationWithACacheGivesWhatTheWholeRowGives(string family)
    {
        using var model = Load(family);
        IReadOnlyList<int>[] prompts = [[2, 5], [2, 7, 9, 11]];
        var answers = model.GenerateBatch(prompts, new GenerationOptions { MaxNewTokens = 6 });
        foreach (var (prompt, answer) in prompts.Zip(answers))
        {
            using var none = no_grad();
            var row = prompt.Concat(answer).Select(i => (long)i).ToArray();
            var logits = model.Forward(tensor(row, [1, row.Length])).to(ScalarType.Float32)[0];
            for (var i = 0; i < answer.Count; i++)
            {
                var here = logits[prompt.Count + i - 1];
                Assert.InRange((here.max() - here[answer[i]]).ToDouble(), 0, 0.02);
            }
        }
    }

    [Fact]
    public void NoTensorIsLeftBehind()
    {
        using var model = Load("llama", Asked with { SkipModules = ["up_proj"] });
        model.AddLora(new LoraOptions { TargetModules = ["q_proj"] });
        using var batch = Batch();
        long[] counts = [.. Enumerable.Range(0, 5).Select(_ => Work())];
        Assert.Equal(counts[2], counts[4]);

        long Work()
        {
            using (NewDisposeScope())
            {
                model.ComputeLoss(batch).Value.backward();
                _ = model.Evaluate(batch);
                _ = model.Forward(batch.InputIds);
            }
            _ = model.GenerateBatch([[2, 5], [2, 7, 9]], new GenerationOptions { MaxNewTokens = 3 });
            model.Lora().SaveMerged(folder.File("merged"));
            for (var i = 0; i < 2; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            return Tensor.TotalCount;
        }
    }

    private static QuantizationOptions Asked { get; } = new() { NormsInFloat32 = true };

    private static Tensor Ids => tensor(Row(0).Concat(Row(1)).Select(i => (long)i).ToArray(), [2, 16]);

    private static int[] Row(int row) => [.. Enumerable.Range(0, 16).Select(i => 2 + ((row * 7) + (i * 5)) % 90)];

    private static TokenBatch Batch() => new(Ids, Ids, AttentionLayout.Full(2, 16), [0, 1], 30);

    private static float[] Logits(CausalLanguageModel model)
    {
        using var none = no_grad();
        return PeftCase.Values(model.Forward(Ids));
    }

    private static Tensor Loss(CausalLanguageModel model)
    {
        using var none = no_grad();
        using var batch = Batch();
        return model.ComputeLoss(batch).Value / batch.TargetCount;
    }

    private static void AddLora(CausalLanguageModel model)
    {
        manual_seed(2);
        model.AddLora(new LoraOptions { Rank = 4, TargetModules = ["q_proj", "o_proj", "up_proj"] });
    }

    /// <summary>Those of the adapter's parameters, one after the other.</summary>
    private static float[] Gradients(CausalLanguageModel model)
    {
        foreach (var parameter in model.parameters()) parameter.grad = null;
        using var batch = Batch();
        model.ComputeLoss(batch).Value.backward();
        return [.. model.parameters().Where(p => p.requires_grad).SelectMany(p => PeftCase.Values(p.grad!))];
    }

    private CausalLanguageModel Load(string family, QuantizationOptions? options = null, ModelDtype dtype = ModelDtype.BFloat16)
    {
        Write(family);
        var model = CausalLanguageModel.Load(folder.File(family), load =>
        {
            load.Dtype = dtype;
            load.QuantizeTo4Bit(options ?? Asked);
        });
        model.eval();
        return model;
    }

    private void Write(string family)
    {
        if (Directory.Exists(folder.File(family))) return;
        if (family != "gemma2")
        {
            TinyModel.Write(folder.File(family), ScalarType.BFloat16, bias: family == "qwen2", change: weights =>
            {
                using var generator = new Generator(8);
                foreach (var name in weights.Keys.Where(n => n.Contains("norm", StringComparison.Ordinal)).ToArray())
                    weights[name] = rand(weights[name].shape, ScalarType.Float32, generator: generator).add(0.5.ToScalar()).to(ScalarType.BFloat16);
            });
            return;
        }
        using var dense = CausalLanguageModel.Load(Path.Combine(RepositoryRoot.Path, "tests", "golden", "models", "gemma2"), load => load.Dtype = ModelDtype.BFloat16);
        CheckpointGoldenTests.Save(dense, folder.File(family));
    }
}
