using Socratic.Training.Files;

namespace Socratic.Training.Pure.Tests.Files;

public sealed class AtomicFileTests
{
    private static readonly string Home = Path.GetFullPath("/home");

    public static TheoryData<PowerCut> Cuts => [.. Enum.GetValues<PowerCut>()];

    [Theory]
    [MemberData(nameof(Cuts))]
    public void A_file_is_old_or_new_after_a_power_cut_at_any_operation(PowerCut cut)
        => AtEachOperation(disk => AtomicFile.Write(disk, Path.Combine(Home, "a"), stream => Write(stream, "new")), cut, (disk, done) =>
        {
            var text = Text(disk, "a");
            Assert.True(text == "new" || (text == "old" && !done));
        });

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Each_file_of_an_update_is_old_or_new_after_a_power_cut_at_any_operation(PowerCut cut)
        => AtEachOperation(Update, cut, (disk, done) =>
        {
            Assert.True(Text(disk, "a") is var a && (a == "new" || (a == "old" && !done)));
            Assert.True(Text(disk, "b") is var b && (b == "new" || (b is null && !done)));
            Assert.True(Text(disk, "model-1.safetensors") is var shard && (shard is null || (shard == "old" && !done)));
            Assert.Equal("old", Text(disk, "kept"));
            // The index, written last, never names what is not there yet.
            if (Text(disk, "x.index.json") == "new" && cut is PowerCut.Nothing) Assert.Equal(("new", "new"), (a, b));
        });

    [Fact]
    public void An_update_that_fails_while_writing_changes_nothing()
    {
        var disk = Disk();
        Assert.Throws<IOException>(() => FolderUpdate.Replace(disk, Home, writer =>
        {
            writer.WriteText("a", "new");
            throw new IOException("No space left on device");
        }, null));
        Assert.Equal(("old", 3), (Text(disk, "a"), disk.Files(Home).Count));
        Assert.Empty(disk.Folders(Home));
    }

    [Fact]
    public void An_update_leaves_only_what_it_should()
    {
        var disk = Disk();
        Update(disk);
        Assert.Equal(["a", "b", "kept", "x.index.json"], disk.Files(Home).Select(Path.GetFileName).Order());
        Assert.Empty(disk.Folders(Home));
    }

    [Fact]
    public void A_name_that_leads_out_of_the_folder_is_refused()
        => Assert.Throws<ArgumentException>(() => FolderUpdate.Replace(Disk(), Home, writer => writer.WriteText("../a", "new"), null));

    private static void Update(SimulatedDisk disk) => FolderUpdate.Replace(disk, Home, writer =>
    {
        foreach (var name in new[] { "x.index.json", "a", "b" }) writer.Write(name, stream => Write(stream, "new"));
    }, name => name.StartsWith("model-", StringComparison.Ordinal));

    private static void AtEachOperation(Action<SimulatedDisk> act, PowerCut cut, Action<SimulatedDisk, bool> check)
    {
        var whole = Disk();
        var start = whole.Operations;
        act(whole);
        for (var at = start; at <= whole.Operations; at++)
        {
            for (var seed = 0; seed < (cut == PowerCut.Mixed ? 20 : 1); seed++)
            {
                var disk = Disk();
                disk.PowerCutAt = at;
                var done = Record.Exception(() => act(disk)) is null;
                Assert.Equal(at == whole.Operations, done);
                check(disk.AfterPowerCut(cut, seed), done);
            }
        }
    }

    private static SimulatedDisk Disk()
    {
        var disk = new SimulatedDisk();
        disk.EnsureFolder(Home);
        foreach (var name in new[] { "a", "kept", "model-1.safetensors" })
        {
            using (var stream = disk.Create(Path.Combine(Home, name))) Write(stream, "old");
            disk.FlushFile(Path.Combine(Home, name));
        }
        disk.FlushFolder(Home);
        return disk;
    }

    private static void Write(Stream stream, string text) => stream.Write(System.Text.Encoding.UTF8.GetBytes(text));

    private static string? Text(SimulatedDisk disk, string name)
    {
        var path = Path.Combine(Home, name);
        if (!disk.FileExists(path)) return null;
        using var reader = new StreamReader(disk.OpenRead(path));
        return reader.ReadToEnd();
    }
}
