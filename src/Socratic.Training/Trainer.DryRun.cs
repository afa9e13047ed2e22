using Socratic.Training.Checkpointing;
using Socratic.Training.Diagnostics;
using Socratic.Training.Loop;
using Socratic.Training.Runs;
using static TorchSharp.torch;

namespace Socratic.Training;

public abstract partial class Trainer<TBatch>
{
    /// <summary>
    /// Two updates of the longest rows, each saved; then the second once more from the first checkpoint, which must leave the same files to the byte. All in a scratch
    /// folder and without the callbacks, whose own files lie in the output folder; weights, generator and state are put back.
    /// </summary>
    private TrainingResult RunDry(CancellationToken cancellation)
    {
        var (options, wholeState, wholeEvents, manager) = (Options, State, events, checkpoints);
        using var scratch = new ScratchFolder();
        using var generator = get_rng_state();
        var start = Directory.CreateDirectory(Path.Combine(scratch.Path, "start")).FullName;
        SaveModelFiles(start);
        try
        {
            Options = options.ForDryRun(Path.Combine(scratch.Path, "run"));
            plan = plan.ForDryRun();
            checkpoints = new CheckpointManager(Options.OutputDirectory);
            var whole = RunAside(RunStart.New, cancellation);
            if (whole.Outcome == TrainingOutcome.Stopped) return new TrainingResult(TrainingOutcome.Stopped, wholeState, null);
            var last = checkpoints.PathOf(plan.MaxSteps);
            var files = ScratchFolder.Fingerprint(last);
            var bytes = ScratchFolder.Bytes(last);
            var resumed = RunAside(RunStart.From(checkpoints.PathOf(1)), cancellation);
            if (resumed.Outcome == TrainingOutcome.Stopped) return new TrainingResult(TrainingOutcome.Stopped, wholeState, null);
            var differing = ScratchFolder.Fingerprint(last).Where(f => files.GetValueOrDefault(f.Key) != f.Value).Select(f => f.Key).ToArray();
            if (differing.Length > 0) Log.DryRunDiffers(string.Join(", ", differing));
            var memory = MemoryFigures.Read();
            Log.DryRunDone(plan.MaxSteps, whole.TrainLoss ?? double.NaN, bytes / 1e6, whole.Evaluation is null ? "none" : "one batch", HostMemory.Peak() / 1e6, (memory.GpuBytes ?? 0) / 1e6, options.OutputDirectory);
            return new TrainingResult(TrainingOutcome.DryRun, wholeState, whole.TrainLoss) { Evaluation = whole.Evaluation };
        }
        finally
        {
            (Options, plan, State, events, checkpoints) = (options, wholePlan, wholeState, wholeEvents, manager);
            (lastEvaluation, lastNorm, lastTrained, current) = (null, null, null, null);
            LoadModelFiles(start);
            set_rng_state(generator);
        }
    }

    private TrainingResult RunAside(RunStart start, CancellationToken cancellation)
    {
        State = NewState();
        events = new CallbackDispatcher([], State, Control, Options, plan, guard);
        return Run(start, cancellation);
    }
}
