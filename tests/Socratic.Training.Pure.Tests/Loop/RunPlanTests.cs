using CsCheck;
using Socratic.Training.Loop;

namespace Socratic.Training.Pure.Tests.Loop;

public sealed class RunPlanTests
{
    private static readonly TrainingOptions Options = new() { OutputDirectory = "out", TrainBatchSize = 2, GradientAccumulationSteps = 8, Epochs = 30 };

    [Fact]
    public void ARaggedWindowIsAnUpdate() => Assert.Equal((20, 3, 90, 30), Shape(RunPlan.Create(Options, 40)));

    [Fact]
    public void FractionalEpochsAreCutByUpdates() => Assert.Equal((20, 3, 5, 2), Shape(RunPlan.Create(Options with { Epochs = 1.5 }, 40)));

    [Fact]
    public void MaxStepsWinsOverEpochs() => Assert.Equal((20, 3, 7, 3), Shape(RunPlan.Create(Options with { MaxSteps = 7 }, 40)));

    [Fact]
    public void SharesOfTheRunAreRoundedUp()
        => Assert.Equal(14, RunPlan.Create(Options with { LoggingSteps = 0.15 }, 40).LoggingSteps);

    [Fact]
    public void EveryEpochHasAnUpdateAndTheRunFitsItsEpochs() => Gen.Select(Gen.Int[1, 300], Gen.Int[1, 9], Gen.Int[1, 9], Gen.Double[0.1, 7]).Sample((rows, batch, accumulation, epochs) =>
    {
        var plan = RunPlan.Create(Options with { TrainBatchSize = batch, GradientAccumulationSteps = accumulation, Epochs = epochs }, rows);
        return plan.UpdatesPerEpoch >= 1 && plan.MaxSteps >= 1 && plan.MaxSteps <= plan.Epochs * plan.UpdatesPerEpoch && plan.UpdatesPerEpoch * accumulation >= plan.MicroBatchesPerEpoch;
    });

    private static (int, int, int, int) Shape(RunPlan plan) => (plan.MicroBatchesPerEpoch, plan.UpdatesPerEpoch, plan.MaxSteps, plan.Epochs);
}
