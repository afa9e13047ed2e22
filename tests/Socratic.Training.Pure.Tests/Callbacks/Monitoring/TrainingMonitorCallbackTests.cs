using System.Text.Json;
using Microsoft.Extensions.Logging;
using Socratic.Training.Callbacks.Monitoring;
using Socratic.Training.Diagnostics;

namespace Socratic.Training.Pure.Tests.Callbacks.Monitoring;

public sealed class TrainingMonitorCallbackTests
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public void Log_lines_have_time_level_and_message()
    {
        Run().Begin().To(10).Save().End();
        var lines = File.ReadAllLines(InFolder(RunLog.FileName));
        Assert.All(lines, l => Assert.Matches(@"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} - (INFO|WARNING|ERROR) - .", l));
        Assert.Equal("2026-03-06 05:00:00 - INFO - Training begins: 40 updates, 4 epochs; model, data and options stand in training_config.json", lines[0]);
        Assert.Contains("2026-03-06 05:00:10 - INFO - Update 5 of 40, epoch 0.5: loss 0.4000, learning rate 1e-4, gradient norm 1.500", lines);
        Assert.Contains(lines, l => l.Contains("Evaluation after update 10: eval_loss 0.9000, eval_style_consistency 0.6000", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.EndsWith("Checkpoint saved: checkpoint-10", StringComparison.Ordinal));
    }

    [Fact]
    public void An_error_is_logged_with_time_kind_rows_and_the_last_dialogue_in_the_local_file_only()
    {
        var run = Run().Begin().To(7);
        run.Fail(new InvalidDataException("bad row"), [3, 14], "user: なぜ?\nassistant: では、何かね。", "user: boom");
        var text = File.ReadAllText(InFolder(RunLog.FileName));
        Assert.Contains("ERROR - InvalidDataException at 2026-03-06 05:00:14, after update 7 of 40: bad row", text, StringComparison.Ordinal);
        Assert.Contains("Rows of the failing micro-batch: 3, 14", text, StringComparison.Ordinal);
        Assert.Contains("ERROR - user: boom", text, StringComparison.Ordinal);
        Assert.Contains("ERROR - assistant: では、何かね。", text, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Loggers.Entries, e => e.Text.Contains("何かね", StringComparison.Ordinal));
        Assert.Equal("failed", Summary().GetProperty("status").GetString());
        Assert.Equal("InvalidDataException", Summary().GetProperty("error").GetProperty("kind").GetString());
    }

    [Fact]
    public void Each_update_that_was_logged_or_evaluated_is_one_line_of_the_table()
    {
        Run().Begin().To(10).End();
        Assert.Equal([
            MetricsRow.Header,
            "5,0.5,0.4,0.0001,1.5,,,,,,,500000000",
            "10,1,0.2,0.0001,1.5,0.9,0.6,0.6,0.6,,,500000000"], Table());
    }

    [Fact]
    public void GPU_columns_are_filled_where_there_is_one()
    {
        Run(new MemoryFigures(1, 3, 8)).Begin().To(5);
        Assert.EndsWith(",3,37.5,1", Table()[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Summary_tells_what_came_of_the_run()
    {
        Run().Begin().To(40).End();
        var summary = Summary();
        Assert.Equal("completed", summary.GetProperty("status").GetString());
        Assert.Equal(80, summary.GetProperty("duration_seconds").GetDouble());
        Assert.Equal(60, summary.GetProperty("train_loop_seconds").GetDouble());
        Assert.Equal(0.05, summary.GetProperty("final_loss").GetDouble());
        Assert.Equal(0.6 * 0.9 + 0.4 * 0.6, summary.GetProperty("best_score").GetDouble(), 12);
        Assert.Equal(40, summary.GetProperty("best_score_step").GetInt32());
        Assert.Equal(40, summary.GetProperty("steps").GetInt32());
        Assert.Equal(4, summary.GetProperty("epoch").GetDouble());
        Assert.Equal(JsonValueKind.Null, summary.GetProperty("resumed_from").ValueKind);
    }

    [Fact]
    public void A_run_stopped_early_and_one_still_running_say_so()
    {
        var run = Run().Begin().To(10).Save();
        Assert.Equal("running", Summary().GetProperty("status").GetString());
        Assert.Equal(15, Summary().GetProperty("train_loop_seconds").GetDouble());
        run.End();
        Assert.Equal("stopped", Summary().GetProperty("status").GetString());
    }

    [Fact]
    public void A_resumed_run_leaves_the_table_of_one_that_was_never_stopped()
    {
        Run().Begin().To(40).End();
        var undisturbed = Table();

        var killed = Run();
        killed.Begin().To(20).Save().To(37);
        File.AppendAllText(InFolder("training_progress", MetricsCsv.FileName), "39,3.9,0.0");
        var history = killed.State.LogHistory.Where(e => e.Step <= 20).ToList();
        Run().Begin(20, history).To(40).End();

        Assert.Equal(undisturbed, Table());
        Assert.Contains("4 lines past update 20 taken out", File.ReadAllText(InFolder(RunLog.FileName)), StringComparison.Ordinal);
        Assert.Equal("checkpoint-20", Summary().GetProperty("resumed_from").GetString());
    }

    [Fact]
    public void A_table_that_was_lost_is_made_again_from_the_history()
    {
        var first = Run();
        first.Begin().To(20);
        var history = first.State.LogHistory.ToList();
        Directory.Delete(InFolder("training_progress"), recursive: true);
        Run().Begin(20, history).To(25);
        Assert.Equal(["step", "5", "10", "15", "20", "25"], Table().Select(l => l.Split(',')[0]));
    }

    [Fact]
    public void A_new_run_begins_new_files_but_keeps_the_log()
    {
        Run().Begin().To(40).End();
        Run().Begin().To(5);
        Assert.Equal(2, Table().Count);
        Assert.False(File.Exists(InFolder("training_progress", ProgressPlot.FileName)));
        Assert.Equal(2, File.ReadAllLines(InFolder(RunLog.FileName)).Count(l => l.Contains("Training begins", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_picture_is_drawn_every_so_many_updates_and_at_the_end()
    {
        var picture = InFolder("training_progress", ProgressPlot.FileName);
        var run = Run(plotEvery: 20).Begin().To(19);
        Assert.False(File.Exists(picture));
        run.To(20);
        Assert.True(File.Exists(picture));
        File.Delete(picture);
        run.To(39);
        Assert.False(File.Exists(picture));
        run.To(39).End();
        Assert.True(File.Exists(picture));
    }

    [Fact]
    public void Files_that_cannot_be_written_do_not_end_the_training()
    {
        File.WriteAllText(InFolder("training_progress"), "a file where the folder should be");
        var run = Run(plotEvery: 10).Begin().To(20).Save().End();
        var log = File.ReadAllText(InFolder(RunLog.FileName));
        Assert.Contains("WARNING - ", log, StringComparison.Ordinal);
        Assert.Contains("training_progress.png could not be written", log, StringComparison.Ordinal);
        Assert.Equal(3, run.Loggers.Entries.Count(e => e.Level == LogLevel.Warning));
    }

    [Fact]
    public void Half_a_line_of_a_killed_run_does_not_swallow_the_next()
    {
        File.WriteAllText(InFolder(RunLog.FileName), "2026-03-06 05:00:00 - INFO - Upd");
        Run().Begin();
        Assert.Equal(2, File.ReadAllLines(InFolder(RunLog.FileName)).Length);
    }

    [Fact]
    public void Figures_are_written_the_same_in_every_culture()
    {
        var before = Thread.CurrentThread.CurrentCulture;
        Thread.CurrentThread.CurrentCulture = new System.Globalization.CultureInfo("de-DE");
        try
        {
            Run().Begin().To(5).End();
        }
        finally
        {
            Thread.CurrentThread.CurrentCulture = before;
        }
        Assert.Equal("5,0.5,0.4,0.0001,1.5,,,,,,,500000000", Table()[^1]);
        Assert.Contains("loss 0.4000", File.ReadAllText(InFolder(RunLog.FileName)), StringComparison.Ordinal);
    }

    private FakeRun Run(MemoryFigures? memory = null, int plotEvery = 100)
        => new(folder, new TrainingMonitorCallback { PlotEvery = plotEvery, Memory = () => memory ?? FakeRun.NoGpu });

    private string InFolder(params string[] parts) => Path.Combine([folder, .. parts]);

    private List<string> Table() => [.. File.ReadAllLines(InFolder("training_progress", MetricsCsv.FileName))];

    private JsonElement Summary() => JsonDocument.Parse(File.ReadAllText(InFolder("training_progress", RunSummary.FileName))).RootElement;
}
