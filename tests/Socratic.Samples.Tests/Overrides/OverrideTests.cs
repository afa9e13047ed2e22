using Socratic.Training;
using Socratic.Training.Data;
using Socratic.Training.Data.Sampling;
using Socratic.Training.Evaluation;
using Socratic.Training.Optimization;
using Socratic.Training.Optimization.Schedules;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Samples.Tests.Overrides;

/// <summary>Each member of the trainer that can be overridden, overridden from outside the library: an example of its use, and what must come of it.</summary>
public sealed class OverrideTests
{
    [Fact]
    public void AnyModuleIsTrainedByAComputeLoss()
    {
        var (result, line) = Train((l, o) => new LineTrainer(l, o), o => o with { Epochs = 40 });
        Assert.Equal(TrainingOutcome.Completed, result.Outcome);
        Assert.Equal(2, line.Weight, 0.1);
        Assert.Equal(-1, line.Bias, 0.1);
    }

    [Fact]
    public void ATrainingStepCanDoMoreThanItsBase()
    {
        var seen = new List<(int Step, int MicroBatch, bool Last)>();
        var (result, _) = Train((l, o) => new StepTrainer(l, o, seen), o => o with { MaxSteps = 2, GradientAccumulationSteps = 2 });
        Assert.Equal([(0, 0, false), (0, 1, true), (1, 0, false), (1, 1, true)], seen);
        Assert.Equal(0.5, result.TrainLoss!.Value, 1e-6);
    }

    [Fact]
    public void AnEvaluationStepChoosesWhatTheMetricsSee()
    {
        var (result, _) = Train((l, o) => new EvaluationTrainer(l, o), o => o with { MaxSteps = 1, EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 1 });
        Assert.Equal(6, result.Evaluation!.Rows);
        Assert.Equal(6.0, result.Evaluation["eval_predictions"]);
    }

    [Fact]
    public void AnEvaluationCanCoverOtherRows()
    {
        var (result, _) = Train((l, o) => new FewerRows(l, o), o => o with { MaxSteps = 1, EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 1 });
        Assert.Equal(2, result.Evaluation!.Rows);
    }

    [Fact]
    public void AnUpdateCanBeFollowed()
    {
        var (_, line) = Train((l, o) => new Clamped(l, o), o => o with { Epochs = 40 });
        Assert.Equal(0.5, line.Weight, 1e-6);
    }

    [Fact]
    public void AnOptimizerOfTorchCanTakeThePlace()
    {
        var (result, line) = Train((l, o) => new TorchRmsProp(l, o), o => o with { Epochs = 60, LearningRate = 0.02, SaveStrategy = SaveStrategy.Epoch });
        Assert.Equal(TrainingOutcome.Completed, result.Outcome);
        Assert.Equal(2, line.Weight, 0.2);
    }

    [Fact]
    public void AScheduleOfOnesOwnGivesTheRates()
    {
        var (result, _) = Train((l, o) => new Staircase(l, o), o => o with { MaxSteps = 4, LoggingSteps = 1, LearningRate = 1 });
        Assert.Equal([1.0, 1.0, 0.5, 0.5], result.State.LogHistory.OfType<Socratic.Training.Callbacks.TrainingLogEntry>().Select(e => e.LearningRate));
    }

    [Fact]
    public void ASamplerOfOnesOwnGivesTheOrder()
    {
        var seen = new List<int>();
        Train((l, o) => new Backwards(l, o, seen), o => o with { Epochs = 1 });
        Assert.Equal([7, 6, 5, 4, 3, 2, 1, 0], seen);
    }

    private static (TrainingResult Result, (float Weight, float Bias) Line) Train(Func<Linear, TrainingOptions, Trainer<PointBatch>> create, Func<TrainingOptions, TrainingOptions> with)
    {
        using var folder = new TestFolder();
        manual_seed(1);
        using var line = nn.Linear(1, 1);
        var options = with(new TrainingOptions { OutputDirectory = folder.Path, TrainBatchSize = 2, LearningRate = 0.1, SaveStrategy = SaveStrategy.No });
        using var trainer = create(line, options);
        var result = trainer.Train();
        return (result, (line.weight.ToSingle(), line.bias!.ToSingle()));
    }

    private class LineTrainer(Linear line, TrainingOptions options, IMetrics<PointBatch>? metrics = null)
        : Trainer<PointBatch>(line, options, new Points(8), new Points(6), metrics)
    {
        protected Linear Line => line;

        protected override Loss ComputeLoss(PointBatch batch, StepContext step) => Loss.Sum(nn.functional.mse_loss(line.forward(batch.X), batch.Y, nn.Reduction.Sum));
    }

    /// <summary>A step of one's own returns the divided loss; this one looks at the base's and reports another.</summary>
    private sealed class StepTrainer(Linear line, TrainingOptions options, List<(int Step, int MicroBatch, bool Last)> seen)
        : LineTrainer(line, options)
    {
        protected override Tensor TrainingStep(PointBatch batch, StepContext step)
        {
            seen.Add((step.GlobalStep, step.MicroBatch, step.IsLastOfWindow));
            using var loss = base.TrainingStep(batch, step);
            return full_like(loss, 0.25);
        }
    }

    private sealed class EvaluationTrainer(Linear line, TrainingOptions options)
        : LineTrainer(line, options, new Counter())
    {
        protected override StepOutput EvaluationStep(PointBatch batch) => base.EvaluationStep(batch) with { Predictions = batch.X.clone() };
    }

    private sealed class Counter : IMetrics<PointBatch>
    {
        private long predictions;

        public void Reset() => predictions = 0;

        public void Add(PointBatch batch, in StepOutput output) => predictions += output.Predictions!.numel();

        public IReadOnlyList<KeyValuePair<string, double>> Compute() => [new("predictions", predictions)];
    }

    private sealed class FewerRows(Linear line, TrainingOptions options) : LineTrainer(line, options)
    {
        public override EvaluationResult Evaluate(IDataset<PointBatch>? data = null, string prefix = "eval") => base.Evaluate((data ?? EvaluationData).Take(2), prefix);
    }

    /// <summary>Keeps the slope at one half at most, after each update.</summary>
    private sealed class Clamped(Linear line, TrainingOptions options) : LineTrainer(line, options)
    {
        protected override void OnUpdated()
        {
            using var none = no_grad();
            using var slope = Line.weight.clamp(-0.5, 0.5);
            Line.weight.copy_(slope);
        }
    }

    private sealed class TorchRmsProp(Linear line, TrainingOptions options) : LineTrainer(line, options)
    {
        protected override IOptimizer CreateOptimizer() => new TorchOptimizer(optim.RMSProp(Line.parameters(), Options.LearningRate), Line);
    }

    private sealed class Staircase(Linear line, TrainingOptions options) : LineTrainer(line, options)
    {
        protected override ILearningRateSchedule CreateSchedule() => new HalvedEveryTwoUpdates();

        private sealed class HalvedEveryTwoUpdates : ILearningRateSchedule
        {
            public double Factor(long step) => Math.Pow(0.5, step / 2);
        }
    }

    private sealed class Backwards(Linear line, TrainingOptions options, List<int> seen) : LineTrainer(line, options)
    {
        protected override ISampler CreateSampler() => new Reversed();

        protected override Tensor TrainingStep(PointBatch batch, StepContext step)
        {
            seen.AddRange(batch.RowIndices);
            return base.TrainingStep(batch, step);
        }

        private sealed class Reversed : ISampler
        {
            public int[] Order(int epoch, int count) => [.. Enumerable.Range(0, count).Reverse()];
        }
    }
}
