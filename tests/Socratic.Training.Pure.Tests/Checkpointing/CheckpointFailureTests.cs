using Socratic.Training.Checkpointing;
using Socratic.Training.Pure.Tests.Files;

namespace Socratic.Training.Pure.Tests.Checkpointing;

/// <summary>The disk reports errors (full, gone, forbidden): the save fails or only a deletion does; nothing that was good is lost.</summary>
public sealed class CheckpointFailureTests
{
    private static readonly string Output = Path.GetFullPath("/out");

    [Theory]
    [InlineData(false, 40)]
    [InlineData(true, 40)]
    [InlineData(false, 20)]
    [InlineData(true, 20)]
    public void An_error_at_any_operation_keeps_what_was_saved(bool forGood, int step)
    {
        var operations = OperationsOfSave(step);
        for (var n = 0; n < operations; n++)
        {
            var disk = new SimulatedDisk();
            var before = new CheckpointManager(Output, 1, null, disk).Save(20, files => files.WriteText("weights", "old"), 20);
            var (start, failing) = (disk.Operations, n);
            disk.Fails = operation => forGood ? operation >= start + failing : operation == start + failing;
            var error = Record.Exception(() => new CheckpointManager(Output, 1, null, disk).Save(step, files => files.WriteText("weights", "new")));
            disk.Fails = _ => false;
            var found = new CheckpointManager(Output, 1, null, disk).Find();
            Assert.True(found.Newest is not null, $"operation {n} failed, error {error?.Message}");
            if (error is null) Assert.Equal(step, found.Newest.Step);
            else Assert.IsType<IOException>(error);
            if (error is not null && !forGood) Assert.Equal((before.Step, "old"), (found.Newest.Step, Text(disk, found.Newest)));
        }
    }

    [Fact]
    public void An_exception_of_the_writer_leaves_no_folder()
    {
        var disk = new SimulatedDisk();
        var manager = new CheckpointManager(Output, 1, null, disk);
        Assert.Throws<InvalidOperationException>(() => manager.Save(20, files =>
        {
            files.WriteText("weights", "half");
            throw new InvalidOperationException("NaN");
        }));
        Assert.Empty(disk.Folders(Output));
    }

    [Fact]
    public void A_checkpoint_of_no_files_is_not_saved()
    {
        var manager = new CheckpointManager(Output, 1, null, new SimulatedDisk());
        Assert.Contains("names no file", Assert.Throws<IOException>(() => manager.Save(20, _ => { })).Message, StringComparison.Ordinal);
        Assert.Empty(manager.List());
    }

    private static string Text(SimulatedDisk disk, Checkpoint checkpoint)
    {
        using var reader = new StreamReader(disk.OpenRead(checkpoint.PathOf("weights")));
        return reader.ReadToEnd();
    }

    private static int OperationsOfSave(int step)
    {
        var disk = new SimulatedDisk();
        var manager = new CheckpointManager(Output, 1, null, disk);
        manager.Save(20, files => files.WriteText("weights", "old"), 20);
        var start = disk.Operations;
        manager.Save(step, files => files.WriteText("weights", "new"));
        return disk.Operations - start;
    }
}
