using Socratic.Training.Optimization.Schedules;

namespace Socratic.Training.Loop;

/// <summary>What a run comes to, in whole numbers: made once from options and the number of rows.</summary>
/// <param name="MicroBatchesPerEpoch">Micro-batches of an epoch, L; the last may be smaller.</param>
/// <param name="UpdatesPerEpoch">max(L div GA + (1 if L mod GA else 0), 1).</param>
/// <param name="MaxSteps">Updates of the run.</param>
/// <param name="Epochs">Epochs begun, at most.</param>
/// <param name="LoggingSteps">Updates between two logs.</param>
/// <param name="EvaluationSteps">Updates between two evaluations.</param>
/// <param name="SaveSteps">Updates between two checkpoints.</param>
/// <param name="WarmupSteps">Updates of the warm-up.</param>
internal sealed record RunPlan(int MicroBatchesPerEpoch, int UpdatesPerEpoch, int MaxSteps, int Epochs, int LoggingSteps, int EvaluationSteps, int SaveSteps, int WarmupSteps)
{
    internal static RunPlan Create(TrainingOptions options, int rows)
    {
        var micro = options.DropLastBatch ? rows / options.TrainBatchSize : (int)(((long)rows + options.TrainBatchSize - 1) / options.TrainBatchSize);
        var updates = Math.Max((micro / options.GradientAccumulationSteps) + (micro % options.GradientAccumulationSteps == 0 ? 0 : 1), 1);
        var maxSteps = options.MaxSteps ?? checked((int)Math.Ceiling(options.Epochs * updates));
        var epochs = options.MaxSteps is { } steps ? (steps + updates - 1) / updates : (int)Math.Ceiling(options.Epochs);
        return new RunPlan(
            micro, updates, maxSteps, epochs,
            Interval(options.LoggingSteps, maxSteps), Interval(options.EvaluationSteps ?? options.LoggingSteps, maxSteps), Interval(options.SaveSteps, maxSteps),
            options.WarmupSteps ?? (int)WarmupLength.FromRatio(options.WarmupRatio ?? 0, maxSteps));
    }

    /// <summary>Two updates, in two epochs where one has no more, with everything that is done once in a while done after each.</summary>
    internal RunPlan ForDryRun() => this with { MaxSteps = 2, Epochs = Math.Max(Epochs, 2), EvaluationSteps = 1, SaveSteps = 1 };

    private static int Interval(double value, int maxSteps) => (int)(value < 1 ? Math.Ceiling(maxSteps * value) : value);
}
