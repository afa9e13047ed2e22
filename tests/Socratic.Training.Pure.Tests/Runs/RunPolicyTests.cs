using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Socratic.Training.Runs;

namespace Socratic.Training.Pure.Tests.Runs;

public sealed class RunPolicyTests
{
    private readonly RunFolderFixture folder = new();

    [Fact]
    public void No_folder_and_an_empty_one_are_new()
    {
        Assert.Equal(RunStart.New, folder.Decide());
        Directory.CreateDirectory(folder.Output);
        Assert.Equal(RunStart.New, folder.Decide("no"));
        Assert.Empty(folder.Questions);
    }

    [Fact]
    public void An_output_folder_that_is_a_file_is_an_error_that_names_it()
    {
        File.WriteAllText(folder.Output, "x");
        var error = Assert.Throws<IOException>(() => folder.Decide());
        Assert.Contains($"'{folder.Output}' is a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_above_the_output_folder_is_an_error_that_names_it()
    {
        File.WriteAllText(folder.Output, "x");
        folder.Options = folder.Options with { OutputDirectory = Path.Combine(folder.Output, "sub", "deeper") };
        var error = Assert.Throws<IOException>(() => folder.Decide());
        Assert.Contains($"'{folder.Output}' is a file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_complete_run_is_said_and_left_alone()
    {
        folder.Checkpoint(40, 4).Record(40, 40);
        Assert.Equal(TrainingOutcome.AlreadyComplete, folder.Decide().EndsHere);
        Assert.Contains(folder.Log.Entries, e => e.Text == $"The run in '{folder.Output}' is complete: update 40, epoch 4. The model is there; nothing is changed");
    }

    [Fact]
    public void A_complete_run_needs_no_checkpoint()
        => Assert.Equal(TrainingOutcome.AlreadyComplete, folder.File("model.safetensors").Record(40, 40).Decide().EndsHere);

    [Fact]
    public void A_run_that_a_callback_ended_early_is_complete()
        => Assert.Equal(TrainingOutcome.AlreadyComplete, folder.Checkpoint(20, 2).Record(24, 40).Decide().EndsHere);

    [Fact]
    public void A_complete_run_goes_on_when_more_is_wanted()
    {
        folder.Checkpoint(40, 4).Record(40, 40);
        folder.MaxSteps = 80;
        Assert.Equal(folder.PathOf("checkpoint-40"), folder.Decide().Checkpoint);
    }

    [Fact]
    public void The_last_checkpoint_alone_is_not_a_complete_run_its_final_files_are_missing()
        => Assert.Equal(folder.PathOf("checkpoint-40"), folder.Checkpoint(40, 4).Decide().Checkpoint);

    [Fact]
    public void A_record_that_cannot_be_read_does_not_make_a_run_complete()
        => Assert.Equal(folder.PathOf("checkpoint-20"), folder.Checkpoint(20, 2).File(RunRecord.FileName, "{ \"format\": 1").Decide().Checkpoint);

    [Fact]
    public void An_unfinished_run_goes_on_from_its_newest_checkpoint_that_verifies()
    {
        folder.Checkpoint(20, 2).Checkpoint(30, 3);
        File.AppendAllText(folder.PathOf("checkpoint-30/trainer_state.json"), " ");
        Assert.Equal(folder.PathOf("checkpoint-20"), folder.Decide("no").Checkpoint);
        Assert.Empty(folder.Questions);
        Assert.Contains(folder.Log.Entries, e => e.Text.EndsWith("holds an unfinished run: newest checkpoint checkpoint-20, update 20 of 40, epoch 2 of 4", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("yes", "checkpoint-20", null)]
    [InlineData(" YES ", "checkpoint-20", null)]
    [InlineData("y", null, TrainingOutcome.Declined)]
    [InlineData("", null, TrainingOutcome.Declined)]
    [InlineData(null, "checkpoint-20", null)]
    public void Ask_asks_before_going_on(string? answer, string? checkpoint, TrainingOutcome? outcome)
    {
        folder.Checkpoint(20, 2);
        folder.Options = folder.Options with { ExistingRun = ExistingRunPolicy.Ask };
        var start = folder.Decide(answer);
        Assert.Equal((checkpoint is null ? null : folder.PathOf(checkpoint), outcome), (start.Checkpoint, start.EndsHere));
        Assert.Equal(answer is null ? 0 : 1, folder.Questions.Count);
        if (answer is not null) Assert.Contains("checkpoint-20, epoch 2 of 4", folder.Questions[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Overwrite_begins_anew_whatever_stands_there()
    {
        folder.Options = folder.Options with { ExistingRun = ExistingRunPolicy.Overwrite };
        Assert.Equal(RunStart.Over, folder.Checkpoint(20, 2).Record(40, 40).Decide());
        Assert.Contains(folder.Log.Entries, e => e.Level == LogLevel.Warning);
    }

    [Fact]
    public void Fail_is_an_error_unless_the_run_is_complete()
    {
        folder.Options = folder.Options with { ExistingRun = ExistingRunPolicy.Fail };
        Assert.Contains("checkpoint-20", Assert.Throws<InvalidOperationException>(() => folder.Checkpoint(20, 2).Decide()).Message, StringComparison.Ordinal);
        Assert.Equal(TrainingOutcome.AlreadyComplete, folder.Record(40, 40).Decide().EndsHere);
    }

    [Theory]
    [InlineData("Yes", true)]
    [InlineData("yes please", false)]
    [InlineData("はい", false)]
    public void Files_without_a_checkpoint_are_asked_about(string answer, bool overwrites)
    {
        var start = folder.File("notes.txt").Decide(answer);
        Assert.Equal(overwrites ? RunStart.Over : RunStart.Ends(TrainingOutcome.Declined), start);
        Assert.Contains("holds files but no checkpoint. Overwrite it?", Assert.Single(folder.Questions), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nobody_is_the_run_begins_beside_what_stands_there_and_says_so()
    {
        Assert.Equal(RunStart.New, folder.File("notes.txt").Decide());
        Assert.Contains(folder.Log.Entries, e => e.Level == LogLevel.Warning && e.Text.Contains("Nobody is here to be asked", StringComparison.Ordinal));
    }

    [Fact]
    public void Checkpoints_of_which_none_verifies_are_asked_about_with_what_is_wrong()
    {
        folder.Checkpoint(20, 2);
        File.Delete(folder.PathOf("checkpoint-20/trainer_state.json"));
        Assert.Equal(TrainingOutcome.Declined, folder.Decide("no").EndsHere);
        Assert.Contains("none that can be resumed from; the newest is checkpoint-20: ", Assert.Single(folder.Questions), StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_that_cannot_be_read_is_asked_about()
    {
        Assert.Equal(TrainingOutcome.Declined, folder.Checkpoint(20, 2, state: "{").Decide("no").EndsHere);
        Assert.Contains("the state of checkpoint-20 cannot be read", Assert.Single(folder.Questions), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3.9, true)]
    [InlineData(3.89, false)]
    public void A_folder_of_others_is_complete_by_its_epoch(double epoch, bool complete)
    {
        var start = folder.TheirCheckpoint(39, epoch).Decide();
        Assert.Equal(complete ? RunStart.Ends(TrainingOutcome.AlreadyComplete) : RunStart.New, start);
    }

    [Fact]
    public void Going_on_over_another_model_is_warned_about()
    {
        var old = folder.Configuration();
        old["bnb_config"] = new JsonObject { ["bnb_4bit_quant_type"] = "fp4" };
        folder.Checkpoint(20, 2).File(TrainingConfiguration.FileName, old.ToJsonString());
        folder.ModelKeys = ["model_name", "bnb_config"];
        Assert.Null(folder.Decide().EndsHere);
        var told = Assert.Single(folder.Log.Entries, e => e.Level == LogLevel.Warning);
        Assert.Contains("bnb_config.bnb_4bit_quant_type: \"fp4\" -> not set", told.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Differences_between_the_old_options_and_the_new_are_told()
    {
        folder.Checkpoint(20, 2).File(TrainingConfiguration.FileName, folder.Configuration().ToJsonString());
        folder.Options = folder.Options with { LearningRate = 1e-3, WarmupRatio = 0.25 };
        folder.Decide();
        Assert.Contains(folder.Log.Entries, e => e.Text == "Options that differ from those of the run there: learning_rate: 5E-05 -> 0.001; warmup_ratio: null -> 0.25");
    }

    [Fact]
    public void Equal_options_are_not_mentioned()
    {
        folder.Checkpoint(20, 2).File(TrainingConfiguration.FileName, folder.Configuration().ToJsonString()).Decide();
        Assert.DoesNotContain(folder.Log.Entries, e => e.Text.StartsWith("Options that differ", StringComparison.Ordinal));
    }

    [Fact]
    public void Old_options_that_cannot_be_read_are_said_and_hinder_nothing()
    {
        Assert.NotNull(folder.Checkpoint(20, 2).File(TrainingConfiguration.FileName, "[").Decide().Checkpoint);
        Assert.Contains(folder.Log.Entries, e => e.Text.Contains("cannot be read, so the old options are not known", StringComparison.Ordinal));
    }
}
