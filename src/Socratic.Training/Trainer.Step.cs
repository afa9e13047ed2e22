using Socratic.Training.Callbacks;
using Socratic.Training.Diagnostics;
using Socratic.Training.Layers;
using Socratic.Training.Loop;
using static TorchSharp.torch;

namespace Socratic.Training;

public abstract partial class Trainer<TBatch>
{
    private Window<TBatch>? current;
    private int[]? lastTrained;

    private Tensor MicroStep(Window<TBatch> window, int index)
    {
        if (guard is null) return MicroStepInScope(window, index);
        var before = TensorGuard.Count;
        var loss = MicroStepInScope(window, index);
        // The loss itself lives until the update.
        guard.Check($"{GetType().Name}.{nameof(TrainingStep)}", before + 1);
        return loss;
    }

    private Tensor MicroStepInScope(Window<TBatch> window, int index)
    {
        using var scope = NewDisposeScope();
        if (!module.training) module.train();
        var batch = window[index];
        CountBatch(batch);
        if (BackwardFailure.Forget() is { } stranger) Log.StrangeBackwardFailure(stranger);
        try
        {
            return TrainingStep(batch, new StepContext(State.GlobalStep, index, window.Count, window.TargetCount)).MoveToOuterDisposeScope();
        }
        finally
        {
            // Also where the step itself threw: gradients that are missing are a likely cause.
            BackwardFailure.Throw();
        }
    }

    private void Update(Window<TBatch> window)
    {
        var run = session!;
        if (window.TargetCount == 0) Log.WindowWithoutTarget(State.GlobalStep + 1);
        var losses = window.ReadLosses();
        var norm = run.Gradients.Measure();
        var finite = norm.IsFinite && Array.TrueForAll(losses, float.IsFinite);
        if (!finite && Options.NonFinite == NonFiniteAction.Stop)
            throw new NonFiniteException(State.GlobalStep + 1, [.. window.Rows.SelectMany(r => r)], losses.Sum(), norm.Total, norm.IsFinite ? null : run.Gradients.FirstNonFinite());
        foreach (var loss in losses) run.Losses.Add(loss);
        var rate = run.LearningRate;
        lastNorm = norm.Total;
        lastRate = rate;
        if (run.Watch.Look(run.Gradients) is { Count: > 0 } names) Log.WithoutGradient(names.Count, string.Join(", ", names));
        if (finite)
        {
            events.PreOptimizerStep(norm.Total);
            run.Optimizer.Step(run.Gradients, Options.MaxGradientNorm > 0 ? norm.ClipFactor(Options.MaxGradientNorm) : 1);
            events.OptimizerStep();
        }
        else
        {
            State.SkippedUpdates++;
            Log.UpdateSkipped(State.GlobalStep + 1, losses.Sum(), norm.Total, State.SkippedUpdates);
        }
        run.Gradients.Zero();
        window.IsUpdated = true;
        State.GlobalStep++;
        State.Epoch = run.WindowDone();
        // A schedule follows updates that were made: one left out does not use up its rate.
        run.SetRates(State.GlobalStep - State.SkippedUpdates);
        lastTrained = window.Rows[^1];
        Updated();
        events.StepEnd(new StepFigures(rate, norm.Total, window.RowCount, window.TargetCount, run.TakeStepTime(), window.Rows.Sum(rows => rows.Sum(row => (long)trainData.LengthOf(row)))));
    }

    private void Updated()
    {
        var before = guard is null ? 0 : TensorGuard.Count;
        OnUpdated();
        guard?.Check($"{GetType().Name}.{nameof(OnUpdated)}", before);
    }

    private void CountBatch(TBatch batch)
    {
        State.TokensSeen += CountTokens(batch);
        State.TotalFlops += EstimateFlops(batch);
    }

    /// <summary>The tokens of a training micro-batch, as <see cref="TrainingOptions.CountTokens"/> counts them.</summary>
    protected virtual long CountTokens(TBatch batch) => 0;

    /// <summary>The floating point operations of a training micro-batch, estimated.</summary>
    protected virtual double EstimateFlops(TBatch batch) => 0;
}
