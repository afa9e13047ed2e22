using Socratic.Training.Loop;
using static TorchSharp.torch;

namespace Socratic.Training;

public abstract partial class Trainer<TBatch>
{
    private TrainingSession? session;

    private TrainingResult Run(string? checkpoint, CancellationToken cancellation)
    {
        using var run = StartSession(checkpoint, cancellation);
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

    private bool ShouldLeave => Control.ShouldEpochStop || Control.ShouldTrainingStop;
}
