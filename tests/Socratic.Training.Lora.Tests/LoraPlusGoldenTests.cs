using Socratic.Testing.Golden;
using Socratic.Training.Lora.Tests.Cases;
using Socratic.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests;

[Trait("Kind", "Golden")]
public sealed class LoraPlusGoldenTests
{
    [Theory(SkipTestWithoutData = true), PeftList("loraplus")]
    public void Groups_and_two_steps_are_those_of_PEFT(GoldenEntry entry) => GoldenReport.Run(Peft.Area, $"loraplus/{entry.Name}", () =>
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(entry);
        var facts = golden.Facts;
        using var model = golden.LoadBase();
        model.LoadAdapter(golden.AdapterFolder, trainable: true);
        var groups = LoraPlus.Groups(
            model, facts.GetProperty("lr").GetDouble(), facts.GetProperty("loraplus_weight_decay").GetDouble(), facts.GetProperty("loraplus_lr_ratio").GetDouble(),
            facts.GetProperty("loraplus_lr_embedding").GetDouble());
        var keys = model.Lora().Trainable().Parameters.ToDictionary(p => p.Name, p => p.FileKey);
        var expected = facts.GetProperty("groups").EnumerateArray().ToArray();
        Assert.Equal(expected.Length, groups.Count);
        foreach (var (group, wanted) in groups.Zip(expected))
        {
            Assert.Equal(wanted.GetProperty("parameters").EnumerateArray().Select(p => p.GetString()!).Order(StringComparer.Ordinal), group.Parameters.Select(p => keys[p.Name]).Order(StringComparer.Ordinal));
            Close.Relative(wanted.GetProperty("lr").GetDouble(), group.LearningRate, 1e-12, "lr");
            Assert.Equal(wanted.GetProperty("weight_decay").GetDouble(), group.WeightDecay);
        }

        var betas = expected[0].GetProperty("betas").EnumerateArray().Select(b => b.GetDouble()).ToArray();
        using var optimizer = new AdamW(groups, betas[0], betas[1], expected[0].GetProperty("eps").GetDouble());
        using var gradients = new GradientBuffer([.. groups.SelectMany(g => g.Parameters)]);
        foreach (var wanted in facts.GetProperty("losses_before_each_step").EnumerateArray())
        {
            var loss = golden.MeanLoss(model);
            Close.Absolute(wanted.GetDouble(), loss.ToDouble(), 1e-5, "loss");
            gradients.Zero();
            loss.backward();
            gradients.Measure();
            optimizer.Step(gradients);
        }
        foreach (var parameter in model.Lora().All.Values.SelectMany(a => a.Parameters))
            Close.Largest(GoldenCase.Values(parameter.Parameter), golden.Floats($"after_2_steps.{parameter.FileKey}"), 1e-4, parameter.FileKey);
    });
}
