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
            "Step 10: style consistency 0.600, dialogue flow 0.600, 25.0% of the texts hold なぜ or どのように, 50.0% of the sentences end in でしょうか or と考えられますか",
            "Step 10: style consistency 0.800, dialogue flow 0.700, 25.0% of the texts hold なぜ or どのように, 50.0% of the sentences end in でしょうか or と考えられますか",
            "Means of 2 evaluations: style consistency 0.700, dialogue flow 0.650, 25.0% of the texts hold なぜ or どのように, 50.0% of the sentences end in でしょうか or と考えられますか"], texts);
    }

    [Fact]
    public void A_longer_list_of_words_is_cut_short()
    {
        var profile = StyleProfile.SocraticEnglish with { AskingEndings = [] };
        var run = new FakeRun("out", new StyleCallback()) { Options = new() { OutputDirectory = "out", StyleProfile = profile } }.Begin().To(10);
        Assert.EndsWith("25.0% of the texts hold why or how ..., 50.0% of the sentences end in (the profile names none)", run.Loggers.Entries[0].Text, StringComparison.Ordinal);
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
