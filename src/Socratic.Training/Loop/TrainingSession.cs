using System.Diagnostics;
using Socratic.Training.Data.Sampling;
using Socratic.Training.Optimization;
using Socratic.Training.Optimization.Schedules;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>What lives as long as one training: optimizer, gradients, schedule, the order of the rows and the place in it.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly RunPlan plan;
    private readonly TrainingOptions options;
    private readonly ISampler sampler;
    private readonly int rows;
    private int[] order = [];
    private int epoch;
    private int windows;
    private bool epochEnded;
    private bool resumesInside;
    private TimeSpan lastStepTime;

    internal TrainingSession(
        RunPlan plan, TrainingOptions options, int rows, IOptimizer optimizer, ILearningRateSchedule schedule, ISampler sampler, LoopPosition position, int firstStep, int skipped, Tensor? epochGenerator, CancellationToken cancellation)
    {
        this.plan = plan;
        this.options = options;
        this.rows = rows;
        this.sampler = sampler;
        Optimizer = optimizer;
        Schedule = schedule;
        Cancellation = cancellation;
        Gradients = new GradientBuffer([.. optimizer.Groups.SelectMany(g => g.Parameters)]);
        Losses = new LossMeter(firstStep);
        epoch = position.EpochEnded ? position.Epoch + 1 : position.Epoch;
        windows = position.EpochEnded ? 0 : position.Windows;
        // At the very start nothing has been drawn yet; anywhere else in an epoch its own draw lies behind.
        resumesInside = windows > 0;
        FirstStep = firstStep;
        EpochGenerator = epochGenerator;
        EvaluationIsPending = position.PendingEvaluation;
        SetRates(firstStep - skipped);
    }

    internal IOptimizer Optimizer { get; }

    internal ILearningRateSchedule Schedule { get; }

    internal GradientBuffer Gradients { get; }

    internal LossMeter Losses { get; }

    internal GradientWatch Watch { get; } = new();

    internal CancellationToken Cancellation { get; }

    internal bool Cancelled { get; set; }

    /// <summary>Time in updates alone: no evaluation, no saving.</summary>
    internal Stopwatch LoopTime { get; } = new();

    /// <summary>All of it.</summary>
    internal Stopwatch TotalTime { get; } = Stopwatch.StartNew();

    internal int FirstEpoch => epoch;

    /// <summary>The updates finished when this training began.</summary>
    internal int FirstStep { get; }

    internal bool EvaluationIsPending { get; }

    internal LoopPosition Position => new(epoch, windows, epochEnded);

    internal double LearningRate => Optimizer.Groups[0].LearningRate;

    /// <summary>The global generator as it was before the epoch's order was asked for: a sampler may draw from it.</summary>
    internal Tensor? EpochGenerator { get; private set; }

    internal void BeginEpoch(int number)
    {
        epoch = number;
        epochEnded = false;
        if (!resumesInside)
        {
            windows = 0;
            // A new iterator of torch's DataLoader draws one int64 from the global generator; dropout must meet the reference's masks.
            GeneratorDraws.LoaderSeed();
        }
        if (resumesInside) order = OrderAsAtTheStart();
        else
        {
            EpochGenerator?.Dispose();
            EpochGenerator = get_rng_state().DetachFromDisposeScope();
            order = sampler.Order(epoch, rows);
        }
        resumesInside = false;
    }

    private int[] OrderAsAtTheStart()
    {
        using var now = get_rng_state();
        if (EpochGenerator is not null) set_rng_state(EpochGenerator);
        var order = sampler.Order(epoch, rows);
        set_rng_state(now);
        return order;
    }

    /// <summary>The rows of the next window, a list a micro-batch, or null at the epoch's end.</summary>
    internal IReadOnlyList<int[]>? NextWindow()
    {
        if (windows >= plan.UpdatesPerEpoch) return null;
        var first = windows * options.GradientAccumulationSteps;
        var count = Math.Min(options.GradientAccumulationSteps, plan.MicroBatchesPerEpoch - first);
        var window = new int[count][];
        for (var i = 0; i < count; i++)
        {
            var start = (first + i) * options.TrainBatchSize;
            window[i] = order[start..Math.Min(start + options.TrainBatchSize, rows)];
        }
        return window;
    }

    /// <summary>The window just worked through counts as done; gives the epoch with its share.</summary>
    internal double WindowDone()
    {
        windows++;
        var microBatches = Math.Min(windows * options.GradientAccumulationSteps, plan.MicroBatchesPerEpoch);
        return epoch + (microBatches / (double)plan.MicroBatchesPerEpoch);
    }

    internal void EpochIsOver() => epochEnded = true;

    internal void SetRates(int step)
    {
        var factor = Schedule.Factor(step);
        foreach (var group in Optimizer.Groups) group.LearningRate = group.BaseLearningRate * factor;
    }

    /// <summary>A schedule that follows a metric moves after each evaluation.</summary>
    internal void ReportMetric(BestModel? best, EvaluationResult result)
    {
        if (best is null || Schedule is not IMetricSchedule metric) return;
        metric.Report(result[best.Metric]);
        SetRates(0);
    }

    /// <summary>The time since the last call, or since the loop's clock began to run.</summary>
    internal TimeSpan TakeStepTime()
    {
        var now = LoopTime.Elapsed;
        var step = now - lastStepTime;
        lastStepTime = now;
        return step;
    }

    public void Dispose()
    {
        Gradients.Dispose();
        EpochGenerator?.Dispose();
        Optimizer.Dispose();
    }
}
