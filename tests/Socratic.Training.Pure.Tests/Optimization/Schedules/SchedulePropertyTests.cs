using System.Text.Json;
using CsCheck;
using Socratic.Training.Optimization.Schedules;

namespace Socratic.Training.Pure.Tests.Optimization.Schedules;

public sealed class SchedulePropertyTests
{
    private static readonly LearningRateSchedule[] ByStep = [.. Enum.GetValues<LearningRateSchedule>().Where(k => !Training.Optimization.Schedules.Schedules.FollowsMetric(k))];

    private static readonly Gen<(LearningRateSchedule Kind, long Warmup, long Total)> Runs =
        Gen.Select(Gen.Int[0, ByStep.Length - 1].Select(i => ByStep[i]), Gen.Long[0, 120], Gen.Long[1, 100], (kind, warmup, total) => (kind, warmup, total));

    [Fact]
    public void Factors_lie_between_0_and_1() => Runs.Sample(run =>
    {
        var schedule = Make(run.Kind, run.Warmup, run.Total);
        for (var step = 0L; step <= run.Total + 5; step++) Assert.InRange(schedule.Factor(step), 0, 1 + 1e-12);
    });

    [Fact]
    public void The_warm_up_never_falls_and_reaches_the_base_rate() => Runs.Where(r => r.Kind != LearningRateSchedule.Constant && r.Warmup + 10 < r.Total).Sample(run =>
    {
        var schedule = Make(run.Kind, run.Warmup, run.Total);
        for (var step = 1L; step < run.Warmup; step++) Assert.True(schedule.Factor(step) >= schedule.Factor(step - 1));
        var top = run.Kind == LearningRateSchedule.CosineWarmupWithMinimum ? Math.Max(0, run.Warmup - 1) : run.Warmup;
        Assert.InRange(schedule.Factor(top), run.Warmup == 0 ? 0.9 : 1 - 1e-12, 1 + 1e-12);
    });

    [Fact]
    public void What_decays_never_rises_after_the_warm_up() => Runs.Sample(run =>
    {
        var schedule = Make(run.Kind, run.Warmup, run.Total);
        for (var step = run.Warmup + 1; step < run.Total; step++) Assert.True(schedule.Factor(step) <= schedule.Factor(step - 1) + 1e-12);
    });

    [Fact]
    public void A_polynomial_whose_warm_up_is_the_whole_run_ends_where_it_should()
        => Assert.Equal(1e-7 / 1e-3, Training.Optimization.Schedules.Schedules.Create(LearningRateSchedule.Polynomial, null, 1e-3, 10, 10).Factor(10));

    [Fact]
    public void A_polynomial_runs_from_the_base_rate_to_its_end()
    {
        var schedule = Training.Optimization.Schedules.Schedules.Create(LearningRateSchedule.Polynomial, new ScheduleOptions { Power = 2, EndLearningRate = 1e-6 }, 1e-3, 0, 10);
        Assert.Equal(1, schedule.Factor(0));
        Assert.Equal(1e-3, schedule.Factor(10), 1e-15);
    }

    [Fact]
    public void Greedy_starts_anew_after_wanting_below_the_minimum_often_enough()
    {
        var options = new ScheduleOptions { Patience = 0, ReductionFactor = 0.5, MinimumRate = 2e-3, ResetAfter = 2 };
        var schedule = (IMetricSchedule)Training.Optimization.Schedules.Schedules.Create(LearningRateSchedule.Greedy, options, 4e-3, 0, 0);
        schedule.Report(1);
        Assert.Equal(2, schedule.Factor(0));
        foreach (var (metric, factor) in new[] { (2, 1.0), (2, 0.5), (2, 1) })
        {
            schedule.Report(metric);
            Assert.Equal(factor, schedule.Factor(0));
        }
    }

    [Fact]
    public void A_value_of_NaN_is_no_improvement()
    {
        var schedule = (IMetricSchedule)Training.Optimization.Schedules.Schedules.Create(LearningRateSchedule.ReduceOnPlateau, new ScheduleOptions { Patience = 1 }, 1, 0, 0);
        foreach (var metric in new[] { 1, double.NaN, double.NaN }) schedule.Report(metric);
        Assert.Equal(0.1, schedule.Factor(0));
    }

    [Fact]
    public void All_options_that_do_not_fit_are_named()
    {
        var problems = ScheduleCheck.Problems(LearningRateSchedule.Polynomial, new ScheduleOptions { Power = -1, Cycles = 2, Patience = 3 });
        Assert.Equal(3, problems.Count);
        Assert.Contains(problems, p => p.Contains("power is -1", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("no option num_cycles; it has power, lr_end", StringComparison.Ordinal));
        Assert.Contains("num_decay_steps", Assert.Single(ScheduleCheck.Problems(LearningRateSchedule.WarmupStableDecay, new ScheduleOptions())), StringComparison.Ordinal);
    }

    [Fact]
    public void A_saved_memory_that_lacks_a_value_is_refused_whole()
    {
        var schedule = (IMetricSchedule)Training.Optimization.Schedules.Schedules.Create(LearningRateSchedule.Greedy, null, 1e-3, 0, 0);
        var before = schedule.State;
        var error = Assert.Throws<InvalidDataException>(() => schedule.LoadState(new Dictionary<string, double> { ["recent"] = 0, ["rate"] = 5 }));
        Assert.Contains("'best'", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, schedule.State);
    }

    [Fact]
    public void Names_are_Hugging_Faces()
    {
        foreach (var kind in Enum.GetValues<LearningRateSchedule>())
            Assert.Equal(kind, JsonSerializer.Deserialize<LearningRateSchedule>(JsonSerializer.Serialize(kind)));
        Assert.Equal("\"reduce_lr_on_plateau\"", JsonSerializer.Serialize(LearningRateSchedule.ReduceOnPlateau));
    }

    private static ILearningRateSchedule Make(LearningRateSchedule kind, long warmup, long total) => Training.Optimization.Schedules.Schedules.Create(
        kind, kind == LearningRateSchedule.WarmupStableDecay ? new ScheduleOptions { DecaySteps = Math.Max(0, total - warmup) / 3 } : null, 1e-3, warmup, total);
}
