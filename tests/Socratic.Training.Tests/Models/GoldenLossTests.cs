using Socratic.Testing.Golden;
using Socratic.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

[Trait("Kind", "Golden")]
public sealed class GoldenLossTests
{
    private const string Area = GoldenModelCase.Area;
    private static readonly string[] Batches = ["right", "left", "full"];

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Losses_agree(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            foreach (var name in Batches)
            {
                using var scope = NewDisposeScope();
                using var none = no_grad();
                var (batch, expected) = (golden.Batch(name), golden.Json.GetProperty("batches").GetProperty(name));
                Assert.Equal(expected.GetProperty("labels_counted_shifted").GetInt64(), batch.TargetCount);
                Assert.Equal(expected.GetProperty("labels_counted_unshifted").GetInt64(), batch.Labels.ne(TokenBatch.IgnoreLabel).sum().ToInt64());
                var sum = model.ComputeLoss(batch);
                Assert.True(sum.IsSum);
                LossesAgree(expected, sum.Value.ToDouble(), batch.TargetCount, name);
                LossesAgree(expected, model.Evaluate(batch).Loss.Value.ToDouble(), batch.TargetCount, $"{name}, evaluated");
            }
            var window = golden.Json.GetProperty("batches").GetProperty("right").GetProperty("num_items_in_batch").GetInt64();
            Assert.Equal(window, golden.Batch("right").TargetCount + golden.Batch("left").TargetCount);
        });
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void The_loss_of_each_token_agrees(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            using var none = no_grad();
            foreach (var name in Batches)
            {
                using var batch = golden.Batch(name);
                var expected = golden.Values.Floats($"{name}.token_loss");
                var got = new float[expected.Length];
                var (labels, width) = (golden.Values.Integers($"{name}.labels"), batch.Length);
                for (var row = 0; row < batch.Count; row++)
                {
                    for (var t = 1; t < width; t++)
                        if (labels[row * width + t] != TokenBatch.IgnoreLabel) got[row * (width - 1) + t - 1] = LossOfOne(model, batch, row, t);
                }
                Close.RelativeL2(got, expected, GoldenModelCase.StateL2, $"{name}.token_loss");
                Close.OfLargest(got, expected, GoldenModelCase.StateLargest, $"{name}.token_loss");
            }
        });
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Predictions_are_the_argmax_of_the_logits_where_the_next_label_counts(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            foreach (var name in Batches)
            {
                using var batch = golden.Batch(name);
                using var scope = NewDisposeScope();
                var got = GoldenModelCase.Longs(model.Evaluate(batch).Predictions!);
                var likeliest = GoldenModelCase.Longs(tensor(golden.Values.Floats($"{name}.logits"), golden.Values.Shape($"{name}.logits")).argmax(-1));
                var labels = golden.Values.Integers($"{name}.labels");
                for (var i = 0; i < got.Length; i++)
                {
                    var counts = (i + 1) % batch.Length != 0 && labels[i + 1] != TokenBatch.IgnoreLabel;
                    Assert.Equal(counts ? likeliest[i] : TokenBatch.IgnoreLabel, got[i]);
                }
            }
        });
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Gradients_of_every_parameter_agree(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            foreach (var name in Batches)
            {
                using var scope = NewDisposeScope();
                using var batch = golden.Batch(name);
                (model.ComputeLoss(batch).Value / batch.TargetCount).backward();
                var expected = golden.Json.GetProperty("batches").GetProperty(name);
                var total = 0.0;
                foreach (var (path, parameter) in model.named_parameters())
                {
                    var gradient = parameter.grad!;
                    if (name == "right") golden.Agree($"right.grad.{path}", gradient, null, GoldenModelCase.Gradient, GoldenModelCase.Gradient);
                    var norm = Norm(gradient);
                    Close.Relative(expected.GetProperty("grad_norm").GetProperty(path).GetDouble(), norm, GoldenModelCase.Gradient, $"{name}: norm of {path}");
                    total += norm * norm;
                    parameter.grad = null;
                }
                Close.Relative(expected.GetProperty("grad_norm_total").GetDouble(), Math.Sqrt(total), GoldenModelCase.Gradient, $"{name}: norm of all");
            }
        });
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void The_padding_row_gets_no_gradient_from_the_input_side(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            using var scope = NewDisposeScope();
            using var batch = golden.Batch("right");
            (model.ComputeLoss(batch).Value / batch.TargetCount).backward();
            var row = model.get_parameter("model.embed_tokens.weight")!.grad![golden.Json.GetProperty("pad_id").GetInt64()];
            Close.Relative(golden.Json.GetProperty("pad_row").GetProperty("grad_norm_of_pad_row").GetDouble(), Norm(row), 1e-3, "pad row");
        });
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void The_gradient_of_the_embedded_tokens_agrees(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            foreach (var name in Batches)
            {
                using var scope = NewDisposeScope();
                using var batch = golden.Batch(name);
                var embedded = model.Embed(batch.InputIds).detach().requires_grad_(true);
                var loss = model.LossFromEmbedded(embedded, batch) / batch.TargetCount;
                var gradient = autograd.grad([loss], [embedded])[0];
                golden.Agree($"{name}.grad_hidden0", gradient, null, GoldenModelCase.Gradient, GoldenModelCase.Gradient);
            }
        });
    });

    private static void LossesAgree(System.Text.Json.JsonElement expected, double sum, long targets, string what)
    {
        Close.Relative(expected.GetProperty("loss_mean").GetDouble(), sum / targets, GoldenModelCase.LossRelative, $"{what}: mean");
        Close.Relative(expected.GetProperty("loss_num_items").GetDouble(), sum / expected.GetProperty("num_items_in_batch").GetInt64(), GoldenModelCase.LossRelative, $"{what}: by num_items");
    }

    private static float LossOfOne(CausalLanguageModel model, TokenBatch batch, int row, int t)
    {
        using var scope = NewDisposeScope();
        var labels = full_like(batch.Labels, TokenBatch.IgnoreLabel);
        labels[row, t] = batch.Labels[row, t];
        return model.ComputeLoss(new TokenBatch(batch.InputIds.clone(), labels, batch.Attention, batch.RowIndices, 1)).Value.ToSingle();
    }

    private static double Norm(Tensor values) => values.to(ScalarType.Float64).norm().ToDouble();
}
