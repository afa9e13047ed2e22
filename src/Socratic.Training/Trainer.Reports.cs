using Socratic.Training.Callbacks;
using Socratic.Training.Data;
using Socratic.Training.Data.Sampling;
using Socratic.Training.Diagnostics;
using Socratic.Training.Loop;
using static TorchSharp.torch;

namespace Socratic.Training;

public abstract partial class Trainer<TBatch>
{
    private double? lastNorm;
    private double lastRate;
    private EvaluationResult? lastEvaluation;

    /// <summary>Log, evaluate, save, give memory back: in this order, as the flags say.</summary>
    private void Act()
    {
        var run = session!;
        if (run.Cancellation.IsCancellationRequested && !run.Cancelled) Cancel();
        if (Control.ShouldLog && run.Losses.HasNewSteps(State.GlobalStep)) LogLoss();
        if (Control.ShouldEvaluate && !EvaluateForBest()) Cancel();
        if (Control.ShouldSave) SaveCheckpoint();
        if (Options.ReleaseMemoryEvery > 0 && State.GlobalStep > releasedAt && State.GlobalStep % Options.ReleaseMemoryEvery == 0)
        {
            releasedAt = State.GlobalStep;
            ReleaseMemory();
        }
    }

    private int releasedAt;

    private void Cancel()
    {
        session!.Cancelled = true;
        Control.ShouldTrainingStop = true;
        Control.ShouldSave = true;
    }

    private void LogLoss()
    {
        var tokens = Options.CountTokens == TokenCount.No ? (long?)null : State.TokensSeen;
        Report(new TrainingLogEntry(State.GlobalStep, State.Epoch, session!.Losses.TakeMean(State.GlobalStep), lastNorm, lastRate, tokens));
    }

    private void Report(LogEntry entry)
    {
        State.AddLog(entry);
        events.Log(entry);
    }

    /// <summary>Evaluates inside the loop. False if the run was cancelled meanwhile: the evaluation is still due then.</summary>
    private bool EvaluateForBest()
    {
        var run = session!;
        using var generator = get_rng_state();
        EvaluationResult result;
        try
        {
            result = Evaluate();
        }
        catch (OperationCanceledException) when (run.Cancellation.IsCancellationRequested)
        {
            set_rng_state(generator);
            return false;
        }
        lastEvaluation = result;
        run.ReportMetric(best, result);
        var isBest = best?.Update(State, result) ?? false;
        if (Options.SaveStrategy == SaveStrategy.Best) Control.ShouldSave = isBest;
        return true;
    }

    /// <summary>Evaluates the held-out rows, or the given ones: the first <see cref="TrainingOptions.MaxEvaluationRows"/> of them.</summary>
    /// <param name="data">The rows; null takes the trainer's evaluation data.</param>
    /// <param name="prefix">What stands before each value's name.</param>
    /// <exception cref="InvalidOperationException">There are no rows to evaluate.</exception>
    public virtual EvaluationResult Evaluate(IDataset<TBatch>? data = null, string prefix = "eval")
    {
        data ??= EvaluationData;
        if (Options.MaxEvaluationRows is { } limit) data = data.Take(limit);
        using var equipped = Equip();
        var tally = new EvaluationTally();
        module.eval();
        metrics?.Reset();
        GeneratorDraws.LoaderSeed();
        foreach (var rows in EvaluationBatches(data))
        {
            session?.Cancellation.ThrowIfCancellationRequested();
            EvaluateBatch(data, rows, tally);
        }
        if (tally.RowsWithoutTarget > 0) Log.EvaluationRowsWithoutTarget(tally.RowsWithoutTarget, data.Count);
        var values = tally.Extra().Concat(metrics?.Compute() ?? []).Concat(GenerationMetrics(data));
        var result = new EvaluationResult(prefix, tally.Loss, data.Count, tally.Elapsed, values);
        var tokens = Options.CountTokens == TokenCount.No ? (long?)null : State.TokensSeen;
        Report(new EvaluationLogEntry(State.GlobalStep, State.Epoch, result.Values, result.Rows, tally.Batches, result.Runtime, prefix, tokens));
        events.Evaluate(result);
        return result;
    }

    /// <summary>Values from answers generated for held-out prompts; none by default.</summary>
    protected virtual IEnumerable<KeyValuePair<string, double>> GenerationMetrics(IDataset<TBatch> data) => [];

    private IEnumerable<int[]> EvaluationBatches(IDataset<TBatch> data)
    {
        ISampler sampler = Options.Sampling == SamplingStrategy.GroupByLength
            ? new LengthGroupedSampler(data.LengthOf, Options.EvaluationBatchSize, Options.DataSeed ?? Options.Seed)
            : new SequentialSampler();
        return sampler.Order(0, data.Count).Chunk(Options.EvaluationBatchSize);
    }

    private void EvaluateBatch(IDataset<TBatch> data, int[] rows, EvaluationTally tally)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var batch = Window<TBatch>.Fetch(data, rows, device);
        var output = EvaluationStep(batch);
        tally.Add(output.Loss, batch.Count, batch.TargetCount);
        metrics?.Add(batch, output);
        events.PredictionStep();
    }
}
