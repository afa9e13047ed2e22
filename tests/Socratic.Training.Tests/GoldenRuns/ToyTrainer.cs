using Socratic.Training.Evaluation;
using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>The toy's own loss: mean cross-entropy + 0.1 x mean of the squared logits.</summary>
internal sealed class ToyTrainer(ToyModule module, TrainingOptions options, ToyData train, ToyData? evaluation, IMetrics<ToyBatch>? metrics, RecordedRun record, IReadOnlyList<ICallback> callbacks)
    : Trainer<ToyBatch>(module, options, train, evaluation, metrics, [record, .. callbacks])
{
    protected override IOptimizer CreateOptimizer() => record.Optimizer = base.CreateOptimizer();

    protected override Tensor TrainingStep(ToyBatch batch, StepContext step)
    {
        var peek = RecordedRun.PeekGenerator();
        var loss = base.TrainingStep(batch, step);
        record.MicroBatches.Add(new(step.GlobalStep + 1, [.. batch.RowIndices], 0, step.MicroBatches, 0, loss.item<float>(), peek));
        return loss;
    }

    protected override Loss ComputeLoss(ToyBatch batch, StepContext step) => LossOf(module.forward(batch.X), batch.Labels);

    protected override StepOutput EvaluationStep(ToyBatch batch)
    {
        var logits = module.forward(batch.X);
        var loss = LossOf(logits, batch.Labels);
        var predicted = logits.argmax(-1);
        record.AddEvaluationBatch(new([.. batch.RowIndices], loss.Value.item<float>(), 0), predicted.data<long>().Select(p => new[] { p }));
        return new StepOutput(loss, predicted);
    }

    private static Loss LossOf(Tensor logits, Tensor labels) => Loss.Mean(nn.functional.cross_entropy(logits, labels) + (0.1 * logits.pow(2).mean()));
}

/// <summary>style = accuracy, flow = 1 - 2 |share of predicted classes 0 and 1 - 0.5|.</summary>
internal sealed class ToyMetrics : IMetrics<ToyBatch>
{
    private int rows;
    private int right;
    private int low;

    public void Reset() => rows = right = low = 0;

    public void Add(ToyBatch batch, in StepOutput output)
    {
        var predicted = output.Predictions!.data<long>().ToArray();
        var labels = batch.Labels.data<long>().ToArray();
        rows += labels.Length;
        for (var i = 0; i < labels.Length; i++)
        {
            if (predicted[i] == labels[i]) right++;
            if (predicted[i] < 2) low++;
        }
    }

    public IReadOnlyList<KeyValuePair<string, double>> Compute() => StandIn.Scores(right / (double)rows, low / (double)rows);
}

internal static class StandIn
{
    internal static IReadOnlyList<KeyValuePair<string, double>> Scores(double style, double share)
    {
        var flow = 1 - (2 * Math.Abs(share - 0.5));
        return [new("style_consistency", style), new("dialogue_flow", flow), new("combined_score", (0.6 * style) + (0.4 * flow))];
    }
}
