using System.Security.Cryptography;
using System.Text.Json;
using Socratic.Training.Callbacks;
using Socratic.Training.Callbacks.Monitoring;
using Socratic.Training.Runs;
using Socratic.Training.Tests.GoldenRuns;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Runs;

/// <summary>Whole trainings in one output folder: what stands there afterwards, and what a second one does.</summary>
public sealed class RunLifeTests : IDisposable
{
    private readonly TestFolder output = new();

    [Fact]
    public void A_second_run_says_that_the_first_is_complete_and_changes_nothing()
    {
        Assert.Equal(TrainingOutcome.Completed, Train().Outcome);
        var before = Hashes();
        Assert.Contains(RunRecord.FileName, before.Keys);
        Assert.Contains(TrainingConfiguration.FileName, before.Keys);
        var again = Train();
        Assert.Equal((TrainingOutcome.AlreadyComplete, 0), (again.Outcome, again.ExitCode));
        Assert.Equal(before, Hashes());
    }

    [Fact]
    public void A_run_killed_before_its_final_files_writes_them_when_it_is_started_again()
    {
        Train();
        var model = File.ReadAllBytes(InFolder("model.safetensors"));
        File.Delete(InFolder("model.safetensors"));
        File.Delete(InFolder(RunRecord.FileName));
        var again = Train();
        Assert.Equal((TrainingOutcome.Completed, 6), (again.Outcome, again.State.GlobalStep));
        Assert.Equal(model, File.ReadAllBytes(InFolder("model.safetensors")));
    }

    [Fact]
    public void A_resumed_run_leaves_the_model_and_the_table_of_one_that_was_never_stopped()
    {
        Train();
        var (model, table) = (File.ReadAllBytes(InFolder("model.safetensors")), Steps());
        Directory.Delete(output.Path, recursive: true);

        Assert.Throws<CallbackException>(() => Train(extra: new FailAt(5)));
        Assert.False(File.Exists(InFolder(RunRecord.FileName)));
        Assert.Equal(TrainingOutcome.Completed, Train().Outcome);
        Assert.Equal(model, File.ReadAllBytes(InFolder("model.safetensors")));
        Assert.Equal(table, Steps());
        Assert.Contains("Training goes on from checkpoint-4", File.ReadAllText(InFolder(RunLog.FileName)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_fails_logs_time_kind_and_the_last_row_and_keeps_its_checkpoints()
    {
        Assert.Throws<CallbackException>(() => Train(extra: new FailAt(5)));
        var log = File.ReadAllText(InFolder(RunLog.FileName));
        Assert.Matches(@"ERROR - CallbackException at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, after update 5 of 6: ", log);
        Assert.Matches(@"Last dialogue that trained:\n\S+ \S+ - ERROR - toy row \d", log);
        Assert.True(Directory.Exists(InFolder("checkpoint-4")));
        using var summary = JsonDocument.Parse(File.ReadAllText(InFolder("training_progress", RunSummary.FileName)));
        Assert.Equal("failed", summary.RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public void Overwriting_takes_the_old_checkpoints_away()
    {
        Train();
        var result = Train(o => o with { ExistingRun = ExistingRunPolicy.Overwrite, MaxSteps = 2 });
        Assert.Equal((TrainingOutcome.Completed, 2), (result.Outcome, result.State.GlobalStep));
        Assert.False(Directory.Exists(InFolder("checkpoint-4")));
        Assert.Equal(["step", "1", "2"], Steps());
    }

    [Fact]
    public void A_checkpoint_that_does_not_fit_leaves_the_complete_run_recorded()
    {
        Train();
        Assert.Throws<InvalidDataException>(() => Train(o => o with { MaxSteps = 12, TrainBatchSize = 4 }));
        Assert.True(File.Exists(InFolder(RunRecord.FileName)));
    }

    [Fact]
    public void The_files_of_a_run_tell_it()
    {
        Train();
        var table = File.ReadAllLines(InFolder("training_progress", MetricsCsv.FileName)).Skip(1).Select(l => l.Split(',')).ToList();
        Assert.All(table, row => Assert.True(row[0].Length > 0 && row[2].Length > 0 && row[9].Length == 0 && row[10].Length == 0 && long.Parse(row[11], System.Globalization.CultureInfo.InvariantCulture) > 0));
        Assert.Equal(3, table.Count(row => row[8].Length > 0));
        using var summary = JsonDocument.Parse(File.ReadAllText(InFolder("training_progress", RunSummary.FileName)));
        var root = summary.RootElement;
        Assert.Equal("completed", root.GetProperty("status").GetString());
        Assert.Equal(6, root.GetProperty("steps").GetInt32());
        Assert.True(root.GetProperty("train_loop_seconds").GetDouble() is > 0 and var loop && loop <= root.GetProperty("duration_seconds").GetDouble());
        Assert.True(File.Exists(InFolder("training_progress", ProgressPlot.FileName)));
        Assert.Equal(output.Path, TrainingConfiguration.Read(output.Path).Options.OutputDirectory);
    }

    [Fact]
    public void Memory_given_back_every_so_many_updates_is_logged()
    {
        Train(o => o with { ReleaseMemoryEvery = 3 });
        Assert.Equal(2, File.ReadAllLines(InFolder(RunLog.FileName)).Count(l => l.Contains("Memory given back: ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Callbacks_leave_no_tensors_behind()
    {
        using var module = new ToyModule(16, dropout: 0.1);
        var before = Tensor.TotalCount;
        Train(module, Options);
        Assert.Equal(before, Tensor.TotalCount);
    }

    public void Dispose() => output.Dispose();

    private TrainingOptions Options => new()
    {
        OutputDirectory = output.Path, TrainBatchSize = 2, MaxSteps = 6, LearningRate = 1e-2, LoggingSteps = 1,
        EvaluationStrategy = IntervalStrategy.Steps, EvaluationSteps = 2, SaveSteps = 2,
    };

    private TrainingResult Train(Func<TrainingOptions, TrainingOptions>? change = null, params ICallback[] extra)
    {
        manual_seed(3);
        using var module = new ToyModule(16, dropout: 0.1);
        return Train(module, change?.Invoke(Options) ?? Options, extra);
    }

    private static TrainingResult Train(ToyModule module, TrainingOptions options, params ICallback[] extra)
    {
        using var trainer = new ToyTrainer(
            module, options, Data(10), Data(4), new ToyMetrics(), new RecordedRun(), [new TrainingMonitorCallback(), new StyleCallback(), .. extra]);
        return trainer.Train();
    }

    private static ToyData Data(int rows)
    {
        var random = new Random(rows);
        return new ToyData([.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, 8).Select(_ => random.NextSingle()).ToArray())], [.. Enumerable.Range(0, rows).Select(i => (long)(i % 4))]);
    }

    private string InFolder(params string[] parts) => Path.Combine([output.Path, .. parts]);

    private List<string> Steps() => [.. File.ReadAllLines(InFolder("training_progress", MetricsCsv.FileName)).Select(l => l.Split(',')[0])];

    private Dictionary<string, string> Hashes() => Directory.GetFiles(output.Path, "*", SearchOption.AllDirectories)
        .ToDictionary(f => Path.GetRelativePath(output.Path, f), f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))));

    private sealed class FailAt(int step) : ICallback
    {
        public void OnStepEnd(in StepEndEvent e)
        {
            if (e.State.GlobalStep == step) throw new InvalidOperationException("made to fail");
        }
    }
}
