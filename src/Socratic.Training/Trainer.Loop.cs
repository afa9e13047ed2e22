using Socratic.Training.Diagnostics;
using Socratic.Training.Loop;
using Socratic.Training.Runs;
using static TorchSharp.torch;

namespace Socratic.Training;

public abstract partial class Trainer<TBatch>
{
    private const int UpdatesBetweenCollections = 100;
    private const long ManagedBytesBetweenCollections = 2 << 20;

    private TrainingSession? session;
    private long allocatedAtCollection;

    private TrainingResult Run(RunStart start, CancellationToken cancellation)
    {
        var checkpoint = start.Checkpoint;
        using var run = StartSession(checkpoint, cancellation);
        RunFiles.Begin(start, Checkpoints, Options.OutputDirectory, Configuration());
        if (ModelDtype is { } dtype)
        {
            if (ResolvedPrecision == TrainingPrecision.Mixed) Log.MixedPrecision(dtype);
            else Log.Precision(dtype);
        }
        events.TrainBegin(checkpoint);
        if (checkpoint is null && Options.EvaluateOnStart) Evaluate();
        ActOnPending();

        for (var epoch = run.FirstEpoch; epoch < plan.Epochs; epoch++)
        {
            run.BeginEpoch(epoch);
            events.EpochBegin();
            while (State.GlobalStep < plan.MaxSteps && run.NextWindow() is { } rows)
            {
                // ---- one update: every micro-batch of the window, then the optimizer ----
                run.LoopTime.Start();
                using (var scope = NewDisposeScope())
                using (var window = current = new Window<TBatch>(trainData, rows, device))
                {
                    Generators.SeedUpdate(device, Options.Seed, State.GlobalStep);
                    events.StepBegin();
                    for (var i = 0; i < window.Count; i++)
                    {
                        window.Add(MicroStep(window, i));
                        if (i < window.Count - 1) events.SubstepEnd();
                        else Update(window);
                        if (ShouldLeave) break;
                    }
                    // A window left half-way must not leak its gradient into the next one, as the reference's does.
                    if (!window.IsUpdated) run.Gradients.Zero();
                }
                CollectForgottenTensors();
                run.LoopTime.Stop();
                // ---- once in a while ----
                Act();
                if (ShouldLeave) break;
            }
            events.EpochEnd();
            if (!run.Cancelled)
            {
                run.EpochIsOver();
                Act();
            }
            if (Control.ShouldTrainingStop) break;
        }
        return Finish();
    }

    // The garbage collector does not see native memory: without this, tensors that a step forgot to dispose pile up until the managed heap, which is tiny, fills.
    // Its own budget before it looks follows the processor's last-level cache, tens of MB: resident memory would still climb at the two-hundredth update.
    private void CollectForgottenTensors()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        if (State.GlobalStep % UpdatesBetweenCollections != 0 && allocated - allocatedAtCollection < ManagedBytesBetweenCollections) return;
        allocatedAtCollection = allocated;
        GC.Collect(0, GCCollectionMode.Forced, blocking: true);
    }

    private bool ShouldLeave => Control.ShouldEpochStop || Control.ShouldTrainingStop;
}
