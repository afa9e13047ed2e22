using Socratic.Training.Callbacks;

namespace Socratic.Training.Pure.Tests.Callbacks;

public sealed class EarlyStoppingCallbackTests
{
    [Fact]
    public void Evaluations_without_improvement_end_the_training()
    {
        var run = new Run(new EarlyStoppingCallback(patience: 2));
        Assert.Equal([false, false, false, false, false, true], run.Evaluate(1.0, 0.9, 0.95, 0.8, 0.8, 0.81));
    }

    [Fact]
    public void A_small_improvement_counts_as_none_but_becomes_the_best()
    {
        var run = new Run(new EarlyStoppingCallback(patience: 2, threshold: 0.1));
        // 0.95 and 0.87 are small steps; 0.87 is compared with 0.95, not with 1.
        Assert.Equal([false, false, true], run.Evaluate(1.0, 0.95, 0.87));
    }

    [Fact]
    public void Of_scores_the_higher_is_better()
    {
        var run = new Run(new EarlyStoppingCallback()) { Metric = "combined_score" };
        Assert.Equal([false, false, true], run.Evaluate(0.5, 0.6, 0.55));
    }

    [Fact]
    public void A_resumed_run_remembers_the_count_and_the_best()
    {
        var first = new EarlyStoppingCallback(patience: 2);
        new Run(first).Evaluate(1.0, 1.1);
        var second = new EarlyStoppingCallback(patience: 2);
        second.LoadState(first.SaveState());
        Assert.Equal([true], new Run(second, "checkpoint-20").Evaluate(1.05));
    }

    [Fact]
    public void A_new_training_of_the_same_callback_begins_anew()
    {
        var callback = new EarlyStoppingCallback();
        new Run(callback).Evaluate(1.0, 1.1);
        Assert.Equal([false, false], new Run(callback).Evaluate(2.0, 1.9));
    }

    [Fact]
    public void A_value_that_is_not_finite_is_no_improvement_and_never_the_best()
        => Assert.Equal([false, false, false, true], new Run(new EarlyStoppingCallback(patience: 2)).Evaluate(double.NaN, 1.0, double.NaN, double.NaN));

    [Fact]
    public void A_metric_that_the_evaluation_lacks_is_an_error_that_names_those_there_are()
    {
        var error = Assert.Throws<KeyNotFoundException>(() => new Run(new EarlyStoppingCallback()) { Metric = "accuracy", Given = "combined_score" }.Evaluate(1));
        Assert.Contains("eval_accuracy", error.Message, StringComparison.Ordinal);
        Assert.Contains("eval_combined_score", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, -0.5)]
    [InlineData(1, double.NaN)]
    public void Impossible_settings_are_refused(int patience, double threshold) => Assert.Throws<ArgumentOutOfRangeException>(() => new EarlyStoppingCallback(patience, threshold));

    private sealed class Run
    {
        private readonly EarlyStoppingCallback callback;
        private readonly TrainerState state = new();
        private readonly TrainerControl control = new();

        public Run(EarlyStoppingCallback callback, string? resumedFrom = null)
        {
            this.callback = callback;
            callback.OnTrainBegin(new TrainBeginEvent(state, control, Options, resumedFrom));
        }

        public string Metric { get; init; } = "loss";

        public string? Given { get; init; }

        public bool Stopped => control.ShouldTrainingStop;

        private TrainingOptions Options => new() { OutputDirectory = "out", MetricForBestModel = Metric };

        /// <summary>Whether the training was to stop after each of the evaluations.</summary>
        public List<bool> Evaluate(params double[] values) => [.. values.Select(value =>
        {
            var loss = Metric == "loss" ? value : 0;
            KeyValuePair<string, double>[] metrics = Metric == "loss" ? [] : [new(Given ?? Metric, value)];
            callback.OnEvaluate(new EvaluateEvent(state, control, Options, new EvaluationResult("eval", loss, 1, TimeSpan.Zero, metrics)));
            return Stopped;
        })];
    }
}
