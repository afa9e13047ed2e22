using Microsoft.Extensions.Logging;
using Socratic.Training.Checkpointing;
using Socratic.Training.Pure.Tests.Files;

namespace Socratic.Training.Pure.Tests.Checkpointing;

/// <summary>Which checkpoints stay. The stories are those that went wrong elsewhere.</summary>
public sealed class RotationTests
{
    private static readonly string Output = Path.GetFullPath("/out");
    private readonly SimulatedDisk disk = new();
    private readonly ListLogger log = new();

    [Fact]
    public void The_highest_steps_stay_as_numbers_not_as_texts()
    {
        foreach (var step in new[] { 8, 9, 10, 100 }) Save(step, 2);
        Assert.Equal([10, 100], Steps());
    }

    [Fact]
    public void All_stay_without_a_limit()
    {
        foreach (var step in new[] { 1, 2, 3, 4 }) Save(step, null);
        Assert.Equal([1, 2, 3, 4], Steps());
    }

    [Fact]
    public void The_best_is_one_of_the_limit_and_stays_however_old()
    {
        foreach (var step in new[] { 20, 40, 60, 80, 100 }) Save(step, 3, bestStep: 20);
        Assert.Equal([20, 80, 100], Steps());
    }

    [Fact]
    public void With_a_limit_of_1_best_and_newest_stay_until_the_end()
    {
        foreach (var step in new[] { 2, 4, 6, 8, 10 })
        {
            Save(step, 1, bestStep: 2);
            Assert.Equal(step == 2 ? [2] : [2, step], Steps());
        }
        Manager(1).KeepOnlyBest(2);
        Assert.Equal([2], Steps());
    }

    [Fact]
    public void At_the_end_nothing_goes_if_the_best_is_damaged()
    {
        Save(2, 1);
        Save(4, 1, bestStep: 2);
        Damage(2);
        Manager(1).KeepOnlyBest(2);
        Assert.Equal([2, 4], Steps());
    }

    [Fact]
    public void At_the_end_a_larger_limit_stands()
    {
        Save(2, 2);
        Save(4, 2, bestStep: 2);
        Manager(2).KeepOnlyBest(2);
        Assert.Equal([2, 4], Steps());
    }

    [Fact]
    public void A_damaged_newest_is_passed_over_and_named()
    {
        Save(20, null);
        Save(40, null);
        Save(60, null);
        Damage(60);
        var found = Manager(null).Find();
        Assert.Equal(40, found.Newest!.Step);
        Assert.Equal((60, true), (found.Rejected.Single().Checkpoint.Step, found.Rejected.Single().HasManifest));
        Assert.Contains(log.Lines, l => l.Level == LogLevel.Warning && l.Text.Contains("checkpoint-60 does not verify", StringComparison.Ordinal));
    }

    [Fact]
    public void A_damaged_checkpoint_of_a_higher_step_does_not_push_out_the_one_just_saved()
    {
        Save(20, null);
        Save(60, null);
        Damage(60);
        Save(40, 1);
        Assert.Equal([40], Steps());
    }

    [Fact]
    public void Going_back_on_purpose_deletes_neither_the_new_one_nor_the_newest()
    {
        foreach (var step in new[] { 20, 40, 60 }) Save(step, null);
        Save(30, 1);
        Assert.Equal([30, 60], Steps());
    }

    [Fact]
    public void A_best_that_is_not_there_keeps_no_place()
    {
        foreach (var step in new[] { 20, 40, 60 }) Save(step, 2, bestStep: 10);
        Assert.Equal([40, 60], Steps());
    }

    [Fact]
    public void Nothing_is_deleted_when_the_new_one_cannot_be_written()
    {
        Save(20, 1);
        Assert.Throws<IOException>(() => Manager(1).Save(40, _ => throw new IOException("No space left on device")));
        Assert.Equal([20], Steps());
        Assert.Contains(log.Lines, l => l.Level == LogLevel.Error && l.Text.Contains("No space left", StringComparison.Ordinal));
    }

    [Fact]
    public void A_deletion_that_fails_is_said_and_the_save_stands()
    {
        Save(20, 1);
        var start = disk.Operations;
        disk.Fails = operation => operation > start && disk.FolderExists(Path.Combine(Output, "deleted-checkpoint-20"));
        Save(40, 1);
        disk.Fails = _ => false;
        Assert.Contains(log.Lines, l => l.Level == LogLevel.Warning && l.Text.Contains("could not be deleted", StringComparison.Ordinal));
        var found = Manager(1).Find();
        Assert.Equal((40, 1), (found.Newest!.Step, found.Leftovers.Count));
    }

    [Fact]
    public void A_folder_that_another_library_wrote_is_listed_but_does_not_verify()
    {
        disk.CreateFolder(Output);
        string[] names = ["checkpoint-12", "checkpoint-012", "checkpoint-", "checkpoint-x", "checkpoint--3", "checkpoint-7-old", "tmp-checkpoint-13", "other"];
        foreach (var name in names) disk.CreateFolder(Path.Combine(Output, name));
        var found = Manager(null).Find();
        Assert.Equal([12], Steps());
        Assert.Null(found.Newest);
        Assert.Equal((12, false), (found.Rejected.Single().Checkpoint.Step, found.Rejected.Single().HasManifest));
        Assert.Equal("tmp-checkpoint-13", Path.GetFileName(found.Leftovers.Single()));
    }

    [Fact]
    public void Clearing_takes_checkpoints_and_leftovers_only()
    {
        Save(20, null);
        Save(40, null);
        disk.CreateFolder(Path.Combine(Output, "tmp-checkpoint-60"));
        disk.CreateFolder(Path.Combine(Output, "training_progress"));
        Manager(null).Clear();
        Assert.Equal(["training_progress"], disk.Folders(Output).Select(Path.GetFileName));
    }

    [Fact]
    public void No_folder_is_no_checkpoint()
    {
        Manager(null).Clear();
        Assert.Null(Manager(null).Find().Newest);
        Assert.False(disk.FolderExists(Output));
    }

    [Fact]
    public void A_limit_below_1_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Manager(0));

    private void Save(int step, int? limit, int? bestStep = null) => Manager(limit).Save(step, files => files.WriteText("weights", $"of {step}"), bestStep);

    private void Damage(int step)
    {
        var path = Path.Combine(Manager(null).PathOf(step), "weights");
        disk.DeleteFile(path);
        using var stream = disk.Create(path);
        stream.Write("xx "u8);
    }

    private IEnumerable<int> Steps() => Manager(null).List().Select(c => c.Step);

    private CheckpointManager Manager(int? limit) => new(Output, limit, log, disk);
}
