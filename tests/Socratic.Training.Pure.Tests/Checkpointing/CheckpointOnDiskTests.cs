using Socratic.Training.Checkpointing;
using Socratic.Training.Files;
using Socratic.Training.Pure.Tests.Files;

namespace Socratic.Training.Pure.Tests.Checkpointing;

/// <summary>The same on a real disk: files written by path, tampering, a full disk.</summary>
public sealed class CheckpointOnDiskTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("checkpoints-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Files_written_by_stream_and_by_path_are_all_in_the_manifest()
    {
        var checkpoint = Save(20);
        Assert.Null(Manager().FindProblem(checkpoint));
        var manifest = File.ReadAllText(checkpoint.PathOf(CheckpointFiles.ManifestFile));
        foreach (var name in new[] { "\"weights\"", "\"state.json\"", "\"adapter/config.json\"" }) Assert.Contains(name, manifest, StringComparison.Ordinal);
        Assert.Equal("{}", File.ReadAllText(Path.Combine(checkpoint.Directory, "adapter", "config.json")));
        Assert.Equal([checkpoint.Directory], Directory.GetDirectories(Manager().Directory));
    }

    [Fact]
    public void A_step_saved_twice_holds_what_was_saved_last()
    {
        Save(20);
        var again = Manager().Save(20, files => files.WriteText("weights", "again"));
        Assert.Equal(["manifest.json", "weights"], Directory.GetFiles(again.Directory).Select(Path.GetFileName).Order());
        Assert.Equal("again", File.ReadAllText(again.PathOf("weights")));
    }

    public static TheoryData<string, string, Action<Checkpoint>> Tampering => new()
    {
        { "a byte changed", "weights has SHA-256", c => File.WriteAllText(c.PathOf("weights"), "weightS") },
        { "cut", "weights has 3 bytes, expected 7", c => File.WriteAllText(c.PathOf("weights"), "wei") },
        { "emptied", "weights has 0 bytes, expected 7", c => File.WriteAllText(c.PathOf("weights"), "") },
        { "deleted", "weights is missing", c => File.Delete(c.PathOf("weights")) },
        { "inner file deleted", "adapter/config.json is missing", c => File.Delete(c.PathOf("adapter/config.json")) },
        { "manifest deleted", "there is no manifest.json", c => File.Delete(c.PathOf("manifest.json")) },
        { "manifest emptied", "cannot be read", c => File.WriteAllText(c.PathOf("manifest.json"), "") },
        { "manifest cut", "cannot be read", c => File.WriteAllText(c.PathOf("manifest.json"), File.ReadAllText(c.PathOf("manifest.json"))[..40]) },
        { "manifest a list", "cannot be read", c => File.WriteAllText(c.PathOf("manifest.json"), "[]") },
        { "manifest null", "cannot be read", c => File.WriteAllText(c.PathOf("manifest.json"), "null") },
        { "manifest without files", "cannot be read", c => File.WriteAllText(c.PathOf("manifest.json"), """{"Version":1,"Step":20}""") },
        { "manifest of no files", "names no file", c => File.WriteAllText(c.PathOf("manifest.json"), """{"Version":1,"Step":20,"Files":{}}""") },
        { "null entry", "names 'weights'", c => File.WriteAllText(c.PathOf("manifest.json"), """{"Version":1,"Step":20,"Files":{"weights":null}}""") },
        { "parent folder", "names '../x'", c => Replace(c, "\"weights\"", "\"../x\"") },
        { "absolute path", "names '/etc/passwd'", c => Replace(c, "\"weights\"", "\"/etc/passwd\"") },
        { "drive", "names 'C:x'", c => Replace(c, "\"weights\"", "\"C:x\"") },
        { "other version", "has version 2", c => Replace(c, "\"Version\": 1", "\"Version\": 2") },
        { "other step", "is of step 40", c => Replace(c, "\"Step\": 20", "\"Step\": 40") },
    };

    [Theory]
    [MemberData(nameof(Tampering), DisableDiscoveryEnumeration = true)]
    public void What_was_tampered_with_does_not_verify(string what, string problem, Action<Checkpoint> tamper)
    {
        var checkpoint = Save(20);
        tamper(checkpoint);
        Assert.Contains(problem, Manager().FindProblem(checkpoint) ?? $"nothing found after: {what}", StringComparison.Ordinal);
        Assert.Null(Manager().Find().Newest);
    }

    [Fact]
    public void A_file_that_was_added_does_no_harm()
    {
        var checkpoint = Save(20);
        File.WriteAllText(checkpoint.PathOf("notes.txt"), "mine");
        Assert.Null(Manager().FindProblem(checkpoint));
    }

    [Fact]
    public void A_copied_checkpoint_under_another_number_does_not_verify()
    {
        var checkpoint = Save(20);
        Directory.Move(checkpoint.Directory, Manager().PathOf(99));
        Assert.Null(Manager().Find().Newest);
    }

    [Fact]
    public void Rotation_goes_by_step_not_by_time()
    {
        var manager = new CheckpointManager(folder, 2);
        foreach (var step in new[] { 5, 10, 20 }) Save(step);
        Directory.SetLastWriteTimeUtc(manager.PathOf(10), DateTime.UtcNow.AddDays(-1));
        Directory.SetLastWriteTimeUtc(manager.PathOf(5), DateTime.UtcNow.AddDays(1));
        manager.Save(30, files => files.WriteText("weights", "30"));
        Assert.Equal([20, 30], manager.List().Select(c => c.Step));
    }

    [Fact]
    public void A_full_disk_fails_the_save_and_keeps_the_old_checkpoint()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full on this system");
        Save(20);
        var manager = new CheckpointManager(folder, 1, null, new FullDisk(DiskFileSystem.Instance));
        var error = Assert.ThrowsAny<IOException>(() => manager.Save(40, files => files.Write("weights", stream => stream.Write(new byte[1 << 20]))));
        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
        Assert.Equal(20, Manager().Find().Newest!.Step);
        Assert.Empty(Manager().Find().Leftovers);
    }

    private CheckpointManager Manager() => new(folder);

    private Checkpoint Save(int step) => Manager().Save(step, files =>
    {
        files.WriteText("weights", "weights");
        files.WriteText("state.json", "{}");
        Directory.CreateDirectory(Path.Combine(files.Directory, "adapter"));
        File.WriteAllText(Path.Combine(files.Directory, "adapter", "config.json"), "{}");
    });

    private static void Replace(Checkpoint checkpoint, string old, string other)
    {
        var path = checkpoint.PathOf(CheckpointFiles.ManifestFile);
        var text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, other, StringComparison.Ordinal));
    }
}
