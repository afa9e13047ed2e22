using Microsoft.Extensions.Options;

namespace Socratic.Training.Pure.Tests;

public sealed class TrainingOptionsTests
{
    private static readonly TrainingOptions Good = new() { OutputDirectory = "out" };

    [Fact]
    public void DefaultsAreValid() => Assert.Empty(Good.Errors());

    [Fact]
    public void SocraticOptionsAreValid() => Assert.Empty(TrainingOptions.Socratic("out").Errors());

    [Fact]
    public void EveryErrorIsListedAtOnce()
    {
        var wrong = Good with { TrainBatchSize = 0, LearningRate = -1, WarmupRatio = 0.1, WarmupSteps = 5, LoadBestModelAtEnd = true };
        var error = Assert.Throws<OptionsValidationException>(wrong.Validate);
        Assert.Equal(
            [
                "TrainBatchSize is 0: it must be at least 1.",
                "LearningRate is -1: it must not be negative.",
                "WarmupRatio is 0.1: WarmupSteps (5) is set too; set one of them.",
                "EvaluationStrategy is No: LoadBestModelAtEnd needs evaluations.",
                "SaveStrategy is Steps: LoadBestModelAtEnd needs the same strategy as EvaluationStrategy (No).",
            ],
            error.Failures);
    }

    [Theory]
    [InlineData(20, 20, true)]
    [InlineData(40, 20, true)]
    [InlineData(30, 20, false)]
    [InlineData(0.3, 0.1, true)]
    [InlineData(0.5, 20, false)]
    public void TheBestModelNeedsSavesAtEvaluations(double save, double evaluate, bool valid)
    {
        var options = Good with { LoadBestModelAtEnd = true, EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = evaluate, SaveSteps = save };
        Assert.Equal(valid, options.Errors().Count == 0);
    }

    [Fact]
    public void AWarmupLongerThanTheRunIsNamedWithBothNumbers()
        => Assert.Equal(["WarmupSteps is 20: the run has only MaxSteps 10 updates."], (Good with { MaxSteps = 10, WarmupSteps = 20 }).Errors());

    [Fact]
    public void AScheduleThatFollowsAMetricNeedsEvaluations()
        => Assert.Contains((Good with { Schedule = LearningRateSchedule.ReduceOnPlateau }).Errors(), e => e.StartsWith("EvaluationStrategy is No: Schedule ReduceOnPlateau needs", StringComparison.Ordinal));

    [Fact]
    public void SmoothingAndNoiseHaveBounds()
        => Assert.Equal(
            ["LabelSmoothingFactor is 1: it must lie in [0, 1).", "NeftuneNoiseAlpha is 0: it must be above 0, or null."],
            (Good with { LabelSmoothingFactor = 1, NeftuneNoiseAlpha = 0 }).Errors());

    [Fact]
    public void OnlySgdHasAMomentum()
    {
        Assert.Equal(["Momentum is 0.9: only Sgd has one; Optimizer is AdamW."], (Good with { Momentum = 0.9 }).Errors());
        Assert.Empty((Good with { Momentum = 0.9, Optimizer = OptimizerKind.Sgd }).Errors());
        Assert.Equal(2, (Good with { Momentum = 1, Optimizer = (OptimizerKind)9 }).Errors().Count(e => !e.StartsWith("Momentum is 1: only", StringComparison.Ordinal)));
    }

    [Fact]
    public void AnIntervalIsAWholeNumberOrAShare()
        => Assert.Equal(["LoggingSteps is 2.5: it must be a whole number of updates, or a share of the run below 1."], (Good with { LoggingSteps = 2.5 }).Errors());
}
