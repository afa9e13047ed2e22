namespace Socratic.Training.Loop;

/// <summary>
/// The losses of a training: a float32 running sum since the last log, as transformers keeps it, and the total of this training.
/// </summary>
internal sealed class LossMeter
{
    private readonly int firstStep;
    private float sinceLog;
    private double logged;
    private int lastLoggedStep;

    internal LossMeter(int firstStep) => this.firstStep = lastLoggedStep = firstStep;

    internal void Add(float microLoss) => sinceLog += microLoss;

    internal bool HasNewSteps(int step) => step > lastLoggedStep;

    /// <summary>The mean over the updates since the last log, which this is.</summary>
    internal double TakeMean(int step)
    {
        double sum = sinceLog;
        var mean = sum / (step - lastLoggedStep);
        logged += sum;
        sinceLog = 0;
        lastLoggedStep = step;
        return mean;
    }

    /// <summary>All micro-losses of this training over its updates.</summary>
    internal double Mean(int step) => (logged + sinceLog) / Math.Max(step - firstStep, 0.001);
}
