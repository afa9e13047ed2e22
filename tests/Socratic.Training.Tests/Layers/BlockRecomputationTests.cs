using Socratic.Training.Data;
using Socratic.Training.Layers;
using Socratic.Training.Lora;
using Socratic.Training.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers;

/// <summary>Gradient checkpointing changes memory only: loss, gradients and generator are the same to the bit.</summary>
public sealed class BlockRecomputationTests
{
    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    [InlineData(true, true, true)]
    [InlineData(false, false, true)]
    public void LossAndGradientsAreTheSameToTheBit(bool hasLora, bool usesKernels, bool isMixed)
    {
        using var tiny = new TinyModel();
        using var model = Model(tiny, hasLora);
        model.UsesKernels = usesKernels;
        model.IsMixed = isMixed;
        model.NeftuneNoiseAlpha = 5;
        using var rows = Batch();
        var plain = Step(model, rows, isCheckpointed: false);
        var checkpointed = Step(model, rows, isCheckpointed: true);
        Assert.Equal(plain.Loss, checkpointed.Loss);
        Assert.Equal(plain.Generator, checkpointed.Generator);
        Assert.Equal(plain.Gradients.Keys, checkpointed.Gradients.Keys);
        foreach (var (name, gradient) in plain.Gradients) Assert.True(gradient.AsSpan().SequenceEqual(checkpointed.Gradients[name]), name);
        Assert.Contains(plain.Gradients.Values, g => g.Any(v => v != 0));
    }

    [Fact]
    public void NoTensorIsLeftBehind()
    {
        using var tiny = new TinyModel();
        using var model = Model(tiny, hasLora: true);
        using var rows = Batch();
        Step(model, rows, isCheckpointed: true);
        TinyModel.Settle();
        long[] counts = [.. Enumerable.Range(0, 4).Select(_ =>
        {
            Step(model, rows, isCheckpointed: true);
            return Tensor.TotalCount;
        })];
        Assert.Single(counts.Distinct());
    }

    [Fact]
    public void ATrainerGivesTheModelBackAsItWas()
    {
        using var tiny = new TinyModel();
        using var model = CausalLanguageModel.Load(tiny.Folder);
        using (new Loop.ModelSwitches(model, new TrainingOptions { OutputDirectory = "out", GradientCheckpointing = true, NeftuneNoiseAlpha = 5 }, TrainingPrecision.Mixed))
            Assert.Equal((true, 5.0, true), (model.GradientCheckpointing, model.NeftuneNoiseAlpha, model.IsMixed));
        Assert.Equal((false, null, false), (model.GradientCheckpointing, model.NeftuneNoiseAlpha, model.IsMixed));
    }

    [Fact]
    public void AFailureInsideABackwardReachesTheCaller()
    {
        BackwardFailure.Keep(new InvalidOperationException("first"));
        BackwardFailure.Keep(new InvalidOperationException("second"));
        Assert.Equal("first", Assert.Throws<InvalidOperationException>(BackwardFailure.Throw).Message);
        BackwardFailure.Throw();
    }

    private static CausalLanguageModel Model(TinyModel tiny, bool hasLora)
    {
        manual_seed(3);
        var model = CausalLanguageModel.Load(tiny.Folder);
        if (!hasLora) return model;
        model.AddLora(new LoraOptions { Rank = 4, Alpha = 8, Dropout = 0.3, TargetModules = ["q_proj", "v_proj", "down_proj"] });
        using var none = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
            if (name.Contains("lora_B", StringComparison.Ordinal)) parameter.normal_(0, 0.05);
        return model;
    }

    private static TokenBatch Batch()
        => new TokenRows([Row(11), Row(5), Row(8)], padId: 0, padToMultipleOf: 8).Collate([0, 1, 2]);

    private static TokenRow Row(int length)
    {
        var ids = Enumerable.Range(0, length).Select(i => 3 + (i * 7 + length) % 50).ToArray();
        return new TokenRow(ids, [.. ids.Select((id, i) => i < 2 ? (int)TokenBatch.IgnoreLabel : id)]);
    }

    private static (float Loss, byte[] Generator, Dictionary<string, float[]> Gradients) Step(CausalLanguageModel model, TokenBatch batch, bool isCheckpointed)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        model.train();
        model.GradientCheckpointing = isCheckpointed;
        foreach (var parameter in model.parameters()) parameter.grad = null;
        var loss = model.ComputeLoss(batch).Value;
        loss.backward();
        BackwardFailure.Throw();
        var gradients = model.named_parameters().Where(p => p.parameter.grad is not null)
            .ToDictionary(p => p.name, p => p.parameter.grad!.reshape(-1).data<float>().ToArray());
        return (loss.ToSingle(), get_rng_state().data<byte>().ToArray(), gradients);
    }
}
