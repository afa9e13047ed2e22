using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Optimization;
using Socratic.Training.Callbacks;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>Compares a recorded run with expected.json, at the tolerances of golden/trainer's README.</summary>
internal sealed class RunChecks(RunTolerances allowed)
{
    private const double Rates = 1e-12;

    internal void MicroBatches(JsonElement expected, IReadOnlyList<RecordedRun.MicroBatch> actual, bool finiteOnly = false)
    {
        if (!finiteOnly) Assert.Equal(expected.GetArrayLength(), actual.Count);
        for (var i = 0; i < actual.Count; i++)
        {
            if (finiteOnly && !double.IsFinite(RunFiles.Number(expected[i].GetProperty("loss")))) break;
            var (want, got) = (expected[i], actual[i]);
            Assert.Equal(want.GetProperty("update").GetInt32(), got.Update);
            Assert.Equal(Integers(want.GetProperty("indices")), got.Indices);
            Assert.Equal(want.GetProperty("window").GetInt32(), got.Window);
            if (want.TryGetProperty("padded_length", out var length)) Assert.Equal(length.GetInt32(), got.Length);
            if (want.GetProperty("num_items_in_batch").ValueKind == JsonValueKind.Number) Assert.Equal(want.GetProperty("num_items_in_batch").GetInt64(), got.Targets);
            if (want.TryGetProperty("rng_peek", out var peek)) Assert.Equal(peek.GetInt64() & ((1L << 62) - 1), got.RngPeek);
            allowed.Loss(RunFiles.Number(want.GetProperty("loss")), got.Loss, $"micro-batch {i}, loss");
        }
    }

    /// <summary>The same draws; the bound of their range may differ by its last bit.</summary>
    internal static void Noise(GoldenTensors? expected, List<float[]> actual)
    {
        Assert.Equal(expected?.Names.Count ?? 0, actual.Count);
        for (var i = 0; i < actual.Count; i++) Close.OfLargest(actual[i], expected!.Floats($"micro_batch_{i}"), 2e-7, $"micro-batch {i}, noise");
    }

    internal void Updates(JsonElement expected, IReadOnlyList<RecordedRun.Update> actual, double maxNorm, int? upTo = null)
    {
        Assert.Equal(upTo ?? expected.GetArrayLength(), actual.Count);
        for (var i = 0; i < actual.Count; i++)
        {
            var (want, got) = (expected[i], actual[i]);
            Assert.Equal(want.GetProperty("global_step").GetInt32(), got.GlobalStep);
            Assert.Equal(want.GetProperty("epoch").GetDouble(), got.Epoch);
            foreach (var rate in want.GetProperty("lr").EnumerateArray()) Close.Relative(rate.GetDouble(), got.LearningRate, Rates, $"update {got.GlobalStep}, rate", floor: 1e-300);
            foreach (var rate in want.GetProperty("lr_next").EnumerateArray()) Close.Relative(rate.GetDouble(), got.NextLearningRate, Rates, $"update {got.GlobalStep}, next rate", floor: 1e-300);
            var norm = RunFiles.Number(want.GetProperty("grad_norm"));
            Close.Relative(norm, got.GradientNorm, allowed.Norm, $"update {got.GlobalStep}, gradient norm");
            var clip = want.GetProperty("clip_factor");
            Assert.Equal(clip.ValueKind == JsonValueKind.Null, maxNorm == 0);
            if (maxNorm > 0) Close.Relative(RunFiles.Number(clip), new GradientNorm(got.GradientNorm).ClipFactor(maxNorm), allowed.Norm, $"update {got.GlobalStep}, clip factor");
        }
    }

    internal void Logs(JsonElement expected, IReadOnlyList<LogEntry> actual)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Count);
        for (var i = 0; i < actual.Count; i++)
        {
            var got = Loop.HistoryJson.ToJson(actual[i]);
            foreach (var want in expected[i].EnumerateObject())
            {
                Assert.True(got.ContainsKey(want.Name), $"log {i} has no '{want.Name}', only {string.Join(", ", got.Select(p => p.Key))}");
                var (number, value, what) = (RunFiles.Number(want.Value), Value(got[want.Name]!), $"log {i}, {want.Name}");
                if (want.Name is "loss" or "train_loss") allowed.Loss(number, value, what);
                else if (want.Name == "eval_loss") allowed.EvaluationLoss(number, value, what);
                else Close.Relative(number, value, LogTolerance(want.Name), what, floor: 1e-300);
            }
        }
    }

    private double LogTolerance(string name) => name switch
    {
        "grad_norm" => allowed.Norm,
        "learning_rate" => Rates,
        "epoch" or "step" or "num_input_tokens_seen" => 0,
        _ => RunTolerances.RelativeLoss,
    };

    internal void Evaluations(JsonElement expected, IReadOnlyList<RecordedRun.Evaluation> actual)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Count);
        for (var i = 0; i < actual.Count; i++)
        {
            var (want, got) = (expected[i], actual[i]);
            Assert.Equal(want.GetProperty("global_step").GetInt32(), got.GlobalStep);
            Assert.Equal(want.GetProperty("epoch").GetDouble(), got.Epoch);
            foreach (var metric in want.GetProperty("metrics").EnumerateObject().Where(m => m.Name != "epoch"))
                allowed.EvaluationLoss(RunFiles.Number(metric.Value), got.Result[metric.Name], $"evaluation {i}, {metric.Name}");
            if (want.TryGetProperty("batches", out var batches)) Batches(batches, got.Batches, i);
            if (want.TryGetProperty("predictions", out var predictions)) Predictions(predictions, got.Predictions, i);
        }
    }

    internal void Saves(JsonElement expected, IReadOnlyList<RecordedRun.Save> actual)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Count);
        for (var i = 0; i < actual.Count; i++)
        {
            var (want, got) = (expected[i], actual[i]);
            Assert.Equal(want.GetProperty("global_step").GetInt32(), got.GlobalStep);
            Assert.Equal(Texts(want.GetProperty("checkpoints")), got.Checkpoints);
            Best(want, got.BestMetric, got.BestGlobalStep, got.BestCheckpoint, $"save {i}");
        }
    }

    internal void End(JsonElement expected, TrainerState state, TrainingResult result)
    {
        Assert.Equal(expected.GetProperty("global_step").GetInt32(), state.GlobalStep);
        Assert.Equal(expected.GetProperty("epoch").GetDouble(), state.Epoch);
        Assert.Equal(expected.GetProperty("num_input_tokens_seen").GetInt64(), state.TokensSeen);
        allowed.Loss(RunFiles.Number(expected.GetProperty("train_loss")), result.TrainLoss!.Value, "train_loss");
        Best(expected, state.BestMetric, state.BestGlobalStep, Path.GetFileName(state.BestModelCheckpoint), "end");
    }

    internal void Weights(GoldenTensors expected, IReadOnlyDictionary<string, float[]> actual, double learningRate, string what)
    {
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (var name in expected.Names)
        {
            Close.Largest(actual[name], expected.Floats(name), allowed.LargestWeight(learningRate), $"{what}, {name}");
            if (!allowed.IsBFloat16) Close.Mean(actual[name], expected.Floats(name), allowed.MeanWeight, $"{what}, {name}");
        }
        // The sensitivity of bfloat16 runs is a mean over all weights together.
        if (allowed.IsBFloat16) Close.Mean([.. expected.Names.SelectMany(name => actual[name])], [.. expected.Names.SelectMany(name => expected.Floats(name))], allowed.MeanWeight, what);
    }

    /// <summary>Moments by 3e-5 of their largest value, parameters as final weights. The reference's LoRA names have a prefix of their own.</summary>
    internal void Optimizer(GoldenTensors expected, IOptimizer optimizer, double learningRate, string what)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var values = optimizer.StateTensors().ToDictionary(s => s.Key, s => s.Value);
        foreach (var parameter in optimizer.Groups.SelectMany(g => g.Parameters)) values[parameter.Name + ".param"] = parameter.Value.detach();
        foreach (var name in expected.Names)
        {
            var actual = values[values.ContainsKey(name) ? name : name.Replace("base_model.model.", "", StringComparison.Ordinal)].reshape(-1).data<float>().ToArray();
            if (name.EndsWith(".param", StringComparison.Ordinal)) Close.Largest(actual, expected.Floats(name), allowed.LargestWeight(learningRate), $"{what}, {name}");
            else Close.OfLargest(actual, expected.Floats(name), 3e-5, $"{what}, {name}");
        }
    }

    internal void Checksums(JsonElement expected, IReadOnlyDictionary<string, float[]> actual, double learningRate, string what)
    {
        foreach (var parameter in expected.GetProperty("params").EnumerateObject())
        {
            var key = actual.Keys.Single(k => k == parameter.Name || k == "base_model.model." + parameter.Name.Replace("base_model.model.", "", StringComparison.Ordinal).Replace(".default", "", StringComparison.Ordinal));
            var norm = Math.Sqrt(actual[key].Sum(v => (double)v * v));
            allowed.WeightNorm(parameter.Value.GetProperty("l2").GetDouble(), norm, actual[key].Length, learningRate, $"{what}, norm of {parameter.Name}");
        }
    }

    private void Batches(JsonElement expected, List<RecordedRun.EvaluationBatch> actual, int evaluation)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Count);
        for (var i = 0; i < actual.Count; i++)
        {
            Assert.Equal(Integers(expected[i].GetProperty("indices")), actual[i].Indices);
            if (expected[i].GetProperty("label_tokens").ValueKind == JsonValueKind.Number) Assert.Equal(expected[i].GetProperty("label_tokens").GetInt64(), actual[i].Targets);
            allowed.Loss(RunFiles.Number(expected[i].GetProperty("loss")), actual[i].Loss, $"evaluation {evaluation}, batch {i}, loss");
        }
    }

    /// <summary>Compared where ours has a prediction: at positions whose next label counts.</summary>
    private static void Predictions(JsonElement expected, List<long[]> actual, int evaluation)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Count);
        for (var row = 0; row < actual.Count; row++)
        {
            for (var t = 0; t < actual[row].Length; t++)
            {
                if (actual[row][t] == TokenBatch.IgnoreLabel) continue;
                var want = expected[row].ValueKind == JsonValueKind.Array ? expected[row][t] : expected[row];
                Assert.True(want.GetInt64() == actual[row][t], $"evaluation {evaluation}, row {row}, position {t}: predicted {actual[row][t]}, expected {want}");
            }
        }
    }

    private void Best(JsonElement expected, double? metric, int? step, string? checkpoint, string what)
    {
        if (expected.GetProperty("best_metric").ValueKind == JsonValueKind.Null) Assert.Null(metric);
        else allowed.EvaluationLoss(expected.GetProperty("best_metric").GetDouble(), metric ?? double.NaN, $"{what}, best metric");
        Assert.Equal(expected.GetProperty("best_global_step").ValueKind == JsonValueKind.Null ? null : expected.GetProperty("best_global_step").GetInt32(), step);
        Assert.Equal(expected.GetProperty("best_checkpoint").GetString(), checkpoint);
    }

    private static double Value(JsonNode node) => Convert.ToDouble(node.GetValue<object>(), CultureInfo.InvariantCulture);

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetInt32())];

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetString()!)];
}
