using System.Text;
using Socratic.Training.Checkpointing;
using Socratic.Training.Files;
using Socratic.Training.Pure.Tests.Files;

namespace Socratic.Training.Pure.Tests.Checkpointing;

/// <summary>The promise: after a power cut at any operation the newest checkpoint that was saved is found, whole, and so is the best.</summary>
public sealed class CheckpointCrashTests
{
    private static readonly string Output = Path.GetFullPath("/runs/out");

    /// <summary>The saves of a run, with a rotation, a best one that grows old, and a step that is saved twice.</summary>
    private static readonly (int Step, int Version, int? Best)[] Run = [(20, 1, 20), (40, 1, 20), (60, 1, 20), (60, 2, 60), (80, 1, 60), (100, 1, 60)];

    public static TheoryData<PowerCut> Cuts => [.. Enum.GetValues<PowerCut>()];

    [Theory]
    [MemberData(nameof(Cuts))]
    public void A_power_cut_at_any_operation_leaves_the_newest_and_the_best_whole(PowerCut cut)
    {
        var operations = Undisturbed().Operations;
        Assert.InRange(operations, 100, 1000);
        for (var at = 0; at < operations; at++)
        {
            for (var seed = 0; seed < (cut == PowerCut.Mixed ? 20 : 1); seed++) CutAndRecover(at, cut, seed);
        }
    }

    [Fact]
    public void A_run_undisturbed_keeps_the_newest_and_the_best()
    {
        var manager = Manager(Undisturbed());
        Assert.Equal([60, 100], manager.List().Select(c => c.Step));
        Assert.Empty(manager.Find().Leftovers);
    }

    private static void CutAndRecover(int at, PowerCut cut, int seed)
    {
        var disk = new SimulatedDisk { PowerCutAt = at };
        var saved = SaveAll(disk, 0);
        Assert.True(saved < Run.Length, "the power did not go off");
        var what = $"power cut at operation {at} with {cut}, seed {seed}, after {saved} saves";
        disk = disk.AfterPowerCut(cut, seed);
        var found = NewestIsWhole(disk, saved, what);
        BestIsWhole(disk, found, what);
        // The next process goes on from there and its next save, if there is one, rotates as in the run that was never stopped.
        Assert.Equal(Run.Length, SaveAll(disk, found));
        if (found == Run.Length) return;
        Assert.Equal([60, 100], Manager(disk).List().Select(c => c.Step));
        Assert.True(Manager(disk).List().All(c => Manager(disk).FindProblem(c) is null), what);
    }

    /// <summary>The place in the run of the checkpoint that is found, plus one: that of the last save that returned, or of the one that was under way.</summary>
    private static int NewestIsWhole(SimulatedDisk disk, int saved, string what)
    {
        var newest = Manager(disk).Find().Newest;
        var candidates = Enumerable.Range(saved, 2).Where(i => i <= Run.Length).ToList();
        var found = candidates.LastOrDefault(i => i == 0 ? newest is null : newest is not null && Holds(disk, newest, Run[i - 1]), -1);
        Assert.True(found >= 0, $"{what}: found {newest?.Directory ?? "nothing"}");
        return found;
    }

    private static void BestIsWhole(SimulatedDisk disk, int found, string what)
    {
        if (found == 0 || Run[found - 1].Best is not { } best) return;
        var checkpoint = Manager(disk).List().SingleOrDefault(c => c.Step == best);
        Assert.True(checkpoint is not null && Manager(disk).FindProblem(checkpoint) is null, $"{what}: the best, {best}, is gone");
    }

    private static bool Holds(SimulatedDisk disk, Checkpoint checkpoint, (int Step, int Version, int? Best) save)
    {
        if (checkpoint.Step != save.Step) return false;
        using var reader = new StreamReader(disk.OpenRead(checkpoint.PathOf("weights")));
        return reader.ReadToEnd() == Content(save.Step, save.Version);
    }

    private static SimulatedDisk Undisturbed()
    {
        var disk = new SimulatedDisk();
        Assert.Equal(Run.Length, SaveAll(disk, 0));
        return disk;
    }

    /// <summary>Saves from a place of the run on; how many saves have returned when it ends or the power goes off.</summary>
    private static int SaveAll(SimulatedDisk disk, int from)
    {
        var saved = from;
        try
        {
            var manager = Manager(disk);
            foreach (var (step, version, best) in Run.Skip(from))
            {
                manager.Save(step, files => Write(files, step, version), best);
                saved++;
            }
        }
        catch (PowerCutException)
        {
            // The rest of the run does not happen.
        }
        return saved;
    }

    private static void Write(FolderWriter files, int step, int version)
    {
        files.Write("weights", stream =>
        {
            foreach (var part in Content(step, version).Chunk(10)) stream.Write(Encoding.UTF8.GetBytes(part));
        });
        files.WriteText("trainer_state.json", $"{{\"global_step\": {step}}}");
    }

    private static string Content(int step, int version) => $"weights of step {step}, version {version}";

    private static CheckpointManager Manager(SimulatedDisk disk) => new(Output, 2, null, disk);
}
