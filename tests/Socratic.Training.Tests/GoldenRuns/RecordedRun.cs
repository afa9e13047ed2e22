using Socratic.Training.Callbacks;
using Socratic.Training.Optimization;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.GoldenRuns;

/// <summary>Everything of a run that golden/trainer has a value for.</summary>
internal sealed class RecordedRun : ICallback
{
    internal sealed record MicroBatch(int Update, int[] Indices, int Length, int Window, long Targets, double Loss, long RngPeek);

    internal sealed record Update(int GlobalStep, double Epoch, double LearningRate, double NextLearningRate, double GradientNorm);

    internal sealed record EvaluationBatch(int[] Indices, double Loss, long Targets);

    internal sealed record Evaluation(int GlobalStep, double Epoch, EvaluationResult Result, List<EvaluationBatch> Batches, List<long[]> Predictions);

    internal sealed record Save(int GlobalStep, string[] Checkpoints, double? BestMetric, int? BestGlobalStep, string? BestCheckpoint);

    private List<EvaluationBatch> batches = [];
    private List<long[]> predictions = [];

    internal List<MicroBatch> MicroBatches { get; } = [];

    /// <summary>NEFTune's noise of each micro-batch.</summary>
    internal List<float[]> Noise { get; } = [];

    internal List<Update> Updates { get; } = [];

    internal List<Evaluation> Evaluations { get; } = [];

    internal List<Save> Saves { get; } = [];

    /// <summary>Called after each update with its number.</summary>
    internal Action<int>? AfterUpdate { get; set; }

    /// <summary>Set by the trainer under test when it makes its optimizer.</summary>
    internal IOptimizer? Optimizer { get; set; }

    /// <summary>Asks the run to save and stop after this update.</summary>
    internal int? StopAt { get; set; }

    /// <summary>Set by the trainer under test: the rate of the next update.</summary>
    internal Func<double> NextRate { get; set; } = () => double.NaN;

    /// <summary>The lower 62 bits of what an int64 draw would give, without drawing it (TorchSharp's bounds are doubles: 2^63 - 1 is not to be had).</summary>
    internal static long PeekGenerator() => Peek(() =>
    {
        using var drawn = empty([], dtype: int64);
        drawn.random_(0, 1L << 62);
        return drawn.item<long>();
    });

    /// <summary>What something gives that draws from the global generator, which then stands where it stood.</summary>
    internal static T Peek<T>(Func<T> draw)
    {
        using var scope = NewDisposeScope();
        var state = get_rng_state();
        var drawn = draw();
        set_rng_state(state);
        return drawn;
    }

    internal void AddEvaluationBatch(EvaluationBatch batch, IEnumerable<long[]> predicted)
    {
        batches.Add(batch);
        predictions.AddRange(predicted);
    }

    public void OnStepEnd(in StepEndEvent e)
    {
        Updates.Add(new Update(e.State.GlobalStep, e.State.Epoch, e.Step.LearningRate, NextRate(), e.Step.GradientNorm));
        AfterUpdate?.Invoke(e.State.GlobalStep);
        if (StopAt != e.State.GlobalStep) return;
        e.Control.ShouldSave = true;
        e.Control.ShouldTrainingStop = true;
    }

    public void OnEvaluate(in EvaluateEvent e)
    {
        Evaluations.Add(new Evaluation(e.State.GlobalStep, e.State.Epoch, e.Result, batches, predictions));
        batches = [];
        predictions = [];
    }

    public void OnSave(in SaveEvent e)
    {
        var folders = Directory.GetDirectories(e.Options.OutputDirectory, "checkpoint-*").Select(d => Path.GetFileName(d)!)
            .OrderBy(n => int.Parse(n["checkpoint-".Length..], System.Globalization.CultureInfo.InvariantCulture));
        Saves.Add(new Save(e.State.GlobalStep, [.. folders], e.State.BestMetric, e.State.BestGlobalStep, Path.GetFileName(e.State.BestModelCheckpoint)));
    }
}
