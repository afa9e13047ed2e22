using System.Text.Json;
using Socratic.Training.Data;
using Socratic.Training.Evaluation;
using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>The rows of a golden language run, padded on the right to a multiple of 8 with id 0.</summary>
internal static class LanguageRows
{
    internal static TokenRows? Read(JsonElement rows) => rows.GetArrayLength() == 0 ? null : new TokenRows(
        [.. rows.EnumerateArray().Select(r => new TokenRow(Ids(r.GetProperty("input_ids")), Ids(r.GetProperty("labels"))))], padId: 0, padToMultipleOf: 8);

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(i => i.GetInt32())];
}

internal sealed class RecordingLanguageTrainer(
    CausalLanguageModel model, TrainingOptions options, IDataset<TokenBatch> train, IDataset<TokenBatch>? evaluation, IMetrics<TokenBatch>? metrics, RecordedRun record, IReadOnlyList<ICallback> callbacks)
    : LanguageModelTrainer(model, options, train, evaluation, metrics, [record, .. callbacks])
{
    protected override IOptimizer CreateOptimizer() => record.Optimizer = base.CreateOptimizer();

    protected override Tensor TrainingStep(TokenBatch batch, StepContext step)
    {
        var peek = RecordedRun.PeekGenerator();
        if (Model.NeftuneNoiseAlpha is not null) record.Noise.Add(RecordedRun.Peek(() => Model.Noise(batch.InputIds)!.data<float>().ToArray()));
        var loss = base.TrainingStep(batch, step);
        record.MicroBatches.Add(new(step.GlobalStep + 1, [.. batch.RowIndices], batch.Length, step.MicroBatches, step.TargetCount, loss.item<float>(), peek));
        return loss;
    }

    protected override StepOutput EvaluationStep(TokenBatch batch)
    {
        var output = base.EvaluationStep(batch);
        var ids = output.Predictions!.data<long>().ToArray();
        var rows = Enumerable.Range(0, batch.Count).Select(r => ids.AsSpan(r * batch.Length, batch.Length).ToArray());
        record.AddEvaluationBatch(new([.. batch.RowIndices], output.Loss.Value.item<float>() / (double)batch.TargetCount, batch.TargetCount), rows);
        return output;
    }
}

/// <summary>Over positions with a target: style = share of argmax ids equal to the label, flow = 1 - 2 |share of odd ids - 0.5|.</summary>
internal sealed class StandInMetrics : IMetrics<TokenBatch>
{
    private int targets;
    private int right;
    private int odd;

    public void Reset() => targets = right = odd = 0;

    public void Add(TokenBatch batch, in StepOutput output)
    {
        var predicted = output.Predictions!.data<long>().ToArray();
        var labels = batch.Labels.data<long>().ToArray();
        for (var row = 0; row < batch.Count; row++)
        {
            for (var t = 0; t < batch.Length - 1; t++)
            {
                var (p, label) = (predicted[(row * batch.Length) + t], labels[(row * batch.Length) + t + 1]);
                if (label == TokenBatch.IgnoreLabel) continue;
                targets++;
                if (p == label) right++;
                if (p % 2 == 1) odd++;
            }
        }
    }

    public IReadOnlyList<KeyValuePair<string, double>> Compute() => StandIn.Scores(right / (double)targets, odd / (double)targets);
}
