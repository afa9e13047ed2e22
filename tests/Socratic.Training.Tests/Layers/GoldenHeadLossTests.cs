using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Layers;
using Socratic.Training.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers;

[Trait("Kind", "Golden")]
public sealed class GoldenHeadLossTests
{
    private const string Area = GoldenModelCase.Area;
    private const double Tolerance = 1e-6;

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "loss")]
    public void The_fused_loss_and_its_gradients_are_the_float64_truth(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var values = new GoldenTensors(GoldenRoot.File(Area, entry["path"], "golden.safetensors"));
        foreach (var json in GoldenRoot.Json(GoldenRoot.File(Area, entry["path"], "golden.json")).GetProperty("cases").EnumerateArray())
        {
            using var scope = NewDisposeScope();
            new LossCase(values, json).Check();
        }
    });

    private sealed class LossCase
    {
        private readonly GoldenTensors values;
        private readonly JsonElement json;
        private readonly string name;
        private readonly double? cap;
        private readonly long[] rows;
        private readonly Tensor hidden;
        private readonly Tensor weight;
        private readonly Tensor targets;

        public LossCase(GoldenTensors values, JsonElement json)
        {
            this.values = values;
            this.json = json;
            name = json.GetProperty("name").GetString()!;
            cap = json.GetProperty("softcap").ValueKind == JsonValueKind.Null ? null : json.GetProperty("softcap").GetDouble();
            var labels = values.Integers(json.GetProperty("labels").GetString()!);
            rows = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] != TokenBatch.IgnoreLabel).Select(i => (long)i)];
            targets = tensor(rows.Select(r => labels[r]).ToArray(), [rows.Length]);
            hidden = Input("hidden");
            weight = Input("weight");
        }

        public void Check()
        {
            Assert.Equal(json.GetProperty("labels_counted").GetInt32(), rows.Length);
            var chosen = hidden.index_select(0, tensor(rows, [rows.Length]));
            var sum = HeadLoss.Sum(chosen, weight, targets, cap);
            Assert.Equal(ScalarType.Float32, sum.dtype);
            var divisor = json.GetProperty("num_items_in_batch").ValueKind == JsonValueKind.Null ? rows.Length : json.GetProperty("num_items_in_batch").GetInt64();
            var expected = json.GetProperty("loss_f64").ValueKind == JsonValueKind.String ? double.NaN : json.GetProperty("loss_f64").GetDouble();
            var isNarrow = json.GetProperty("native").GetString() == "bfloat16";
            // The product's result is rounded to bfloat16, as in the reference: what follows is float32.
            if (isNarrow) Close.Relative(expected, sum.ToDouble() / divisor, 1e-3, $"{name}: loss");
            else if (double.IsNaN(expected)) Assert.True(double.IsNaN(sum.ToDouble() / divisor), $"{name}: loss");
            else Close.Relative(expected, sum.ToDouble() / divisor, Tolerance, $"{name}: loss");
            (sum / Math.Max(divisor, 1)).backward();
            GradientsAgree(hidden, "grad_hidden", isNarrow);
            GradientsAgree(weight, "grad_weight", isNarrow);
            if (rows.Length > 0 && !isNarrow) RowsAgree();
        }

        private void GradientsAgree(Tensor parameter, string which, bool isNarrow)
        {
            var expected = values.Floats($"{name}.{which}");
            var got = GoldenModelCase.Floats(parameter.grad!);
            var (error, largest) = (json.GetProperty($"{which}_error_max").GetDouble(), json.GetProperty($"{which}_max").GetDouble());
            if (isNarrow) Close.Largest(got, expected, error, $"{name}.{which}");
            else
            {
                Close.RelativeL2(got, expected, Tolerance, $"{name}.{which}");
                Close.OfLargest(got, expected, Math.Max(Tolerance, largest == 0 ? 0 : error / largest), $"{name}.{which}");
            }
        }

        /// <summary>Row by row: the loss, and the log of the sum, which is the loss plus the target's logit.</summary>
        private void RowsAgree()
        {
            var losses = values.Doubles($"{name}.token_loss");
            var logSums = values.Doubles($"{name}.logsumexp");
            for (var i = 0; i < rows.Length; i++)
            {
                using var scope = NewDisposeScope();
                using var none = no_grad();
                var row = hidden.narrow(0, rows[i], 1);
                var target = targets.narrow(0, i, 1);
                var loss = HeadLoss.Sum(row, weight, target, cap).ToDouble();
                var logit = (row * weight.index_select(0, target)).to(ScalarType.Float64).sum().ToDouble();
                if (cap is { } c) logit = c * Math.Tanh(logit / c);
                Close.Relative(losses[rows[i]], loss, Tolerance, $"{name}.token_loss[{rows[i]}]", floor: Math.Abs(logit));
                Close.Relative(logSums[rows[i]], loss + logit, Tolerance, $"{name}.logsumexp[{rows[i]}]", floor: Math.Abs(logit));
            }
            Assert.Equal(values.Shape($"{name}.token_loss")[0] - rows.Length, losses.LongCount(l => l == 0));
        }

        private Tensor Input(string which)
        {
            var key = $"{json.GetProperty("inputs").GetString()}.{which}";
            return tensor(values.Floats(key), values.Shape(key)).to(values.Dtype(key) == "BF16" ? ScalarType.BFloat16 : ScalarType.Float32).requires_grad_(true);
        }
    }
}
