using Socratic.Testing.Golden;
using Socratic.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

/// <summary>
/// These random networks amplify roundings, so bfloat16 logits are held against the float32 ones, with the reference's own error as the measure.
/// </summary>
[Trait("Kind", "Golden")]
public sealed class GoldenBFloat16Tests
{
    private const string Area = GoldenModelCase.Area;
    private const double Slack = 1.5;

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Logits_losses_and_hidden_states_are_as_near_as_the_reference(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        using var model = golden.Load(ModelDtype.BFloat16);
        foreach (var measured in golden.Json.GetProperty("bf16").EnumerateObject())
        {
            using var scope = NewDisposeScope();
            using var none = no_grad();
            var (name, batch) = (measured.Name, golden.Batch(measured.Name));
            var allowed = Slack * measured.Value.GetProperty("error_to_fp32_mean").GetDouble();
            var real = golden.IsReal(name);
            var logits = model.Forward(batch.InputIds, batch.Attention);
            Assert.Equal(ScalarType.BFloat16, logits.dtype);
            Near(golden.Values.Floats($"{name}.logits"), logits, real, allowed, $"{name}.logits");
            Near(golden.Values.Floats($"bf16.{name}.logits"), logits, real, 2 * allowed, $"bf16.{name}.logits");
            LossesAgree(model, batch, measured.Value, name);
            if (measured.Value.TryGetProperty("hidden_error_to_fp32_mean", out var errors)) HiddenStatesAgree(golden, model, batch, name, [.. errors.EnumerateArray().Select(e => e.GetDouble())]);
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "checkpoint")]
    public void Checkpoints_in_their_own_dtype_are_as_near_as_the_reference(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        // Gemma's activations overflow in float16, so that is never offered: the float32 model is held against what the reference computed in it.
        var isFloat16 = golden.Json.GetProperty("dtype_loaded_by_default").GetString() == "float16";
        using var model = golden.Load(isFloat16 ? ModelDtype.Float32 : ModelDtype.BFloat16);
        using var none = no_grad();
        using var ids = golden.Ids("input_ids");
        using var logits = model.Forward(ids);
        var allowed = Slack * golden.Json.GetProperty("error_of_native_to_fp32_mean").GetDouble();
        Near(golden.Values.Floats("logits.fp32"), logits, golden.IsReal(""), allowed, "logits.fp32");
        Near(golden.Values.Floats("logits.native"), logits, golden.IsReal(""), isFloat16 ? allowed : 2 * allowed, "logits.native");
    });

    private static void LossesAgree(CausalLanguageModel model, TokenBatch batch, System.Text.Json.JsonElement measured, string name)
    {
        var loss = model.ComputeLoss(batch).Value;
        Assert.Equal(ScalarType.Float32, loss.dtype);
        Close.Relative(measured.GetProperty("loss_mean_fp32").GetDouble(), loss.ToDouble() / batch.TargetCount, 0.02, $"{name}: loss");
        Close.Relative(measured.GetProperty("loss_mean").GetDouble(), loss.ToDouble() / batch.TargetCount, 0.02, $"{name}: loss in bfloat16");
    }

    private static void HiddenStatesAgree(GoldenModelCase golden, CausalLanguageModel model, TokenBatch batch, string name, double[] errors)
    {
        var real = golden.IsReal(name);
        var embedded = model.Embed(batch.InputIds);
        Assert.Equal(golden.Values.Floats($"bf16.{name}.hidden.0"), GoldenModelCase.Floats(embedded));
        var last = model.Config.LayerCount;
        _ = model.LossFromEmbedded(embedded, batch, (i, hidden) =>
        {
            var at = i + 1;
            Near(golden.Values.Floats($"{name}.hidden.{at}"), at < last ? hidden : model.FinalNorm(hidden), real, Slack * errors[at], $"{name}.hidden.{at}");
            Near(golden.Values.Floats($"bf16.{name}.hidden.{at}"), at < last ? hidden : model.FinalNorm(hidden), real, 2 * Slack * errors[at], $"bf16.{name}.hidden.{at}");
        });
    }

    private static void Near(float[] expected, Tensor actual, bool[] isReal, double allowed, string what)
    {
        var got = GoldenModelCase.Floats(actual);
        var width = expected.Length / isReal.Length;
        Close.Mean([.. got.Where((_, i) => isReal[i / width])], [.. expected.Where((_, i) => isReal[i / width])], allowed, what);
    }
}
