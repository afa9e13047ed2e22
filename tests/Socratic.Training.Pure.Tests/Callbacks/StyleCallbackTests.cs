using Microsoft.Extensions.Logging;

namespace Socratic.Training.Pure.Tests.Callbacks;

public sealed class StyleCallbackTests
{
    [Fact]
    public void Each_evaluation_and_the_means_at_the_end_are_logged()
    {
        var run = new FakeRun("out", new StyleCallback()).Begin().To(10).Evaluate(0.8, 0.7).End();
        var texts = run.Loggers.Entries.ConvertAll(e => e.Text);
        Assert.All(run.Loggers.Entries, e => Assert.Equal(LogLevel.Information, e.Level));
        Assert.Equal([
            "Step 10: style consistency 0.600, dialogue flow 0.600, texts with a question word 25.0%, sentences with an asking ending 50.0%",
            "Step 10: style consistency 0.800, dialogue flow 0.700, texts with a question word 25.0%, sentences with an asking ending 50.0%",
            "Means of 2 evaluations: style consistency 0.700, dialogue flow 0.650, texts with a question word 25.0%, sentences with an asking ending 50.0%"], texts);
    }

    [Fact]
    public void Means_take_in_what_was_evaluated_before_a_resume()
    {
        var before = new FakeRun("out", new StyleCallback()).Begin().To(20);
        var after = new FakeRun("out", new StyleCallback()).Begin(20, before.State.LogHistory.ToList()).To(30).End();
        Assert.Contains("Means of 3 evaluations: style consistency 0.700", after.Loggers.Entries[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_style_values_is_passed_over()
    {
        var run = new FakeRun("out", new StyleCallback()) { EvaluateEvery = 1000 }.Begin().To(20).End();
        Assert.Empty(run.Loggers.Entries);
    }
}
