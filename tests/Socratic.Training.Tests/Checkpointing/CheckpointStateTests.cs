using System.Text.Json.Nodes;
using Socratic.Training.Checkpointing;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Checkpointing;

public sealed class CheckpointStateTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("state-").FullName;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Tensors_and_numbers_of_a_run_come_back_to_the_bit()
    {
        var (moment, generator) = (randn(3, 4), get_rng_state());
        var manager = new CheckpointManager(folder, 2);
        manager.Save(7, files =>
        {
            files.WriteTensors(CheckpointFiles.Optimizer, [new("w.exp_avg", moment)]);
            files.WriteTensors(CheckpointFiles.Random, [new("cpu", generator)]);
            files.WriteJson(CheckpointFiles.Scheduler, new JsonObject { ["last_epoch"] = 7, ["lr"] = 0.1 + 0.2, ["best"] = double.NaN });
        });
        var checkpoint = manager.Find().Newest!;
        var before = Tensor.TotalCount;
        var optimizer = checkpoint.ReadTensors(CheckpointFiles.Optimizer);
        Assert.Equal(before + 1, Tensor.TotalCount);
        Assert.Equal(moment.data<float>().ToArray(), optimizer["w.exp_avg"].data<float>().ToArray());
        Assert.Equal(generator.data<byte>().ToArray(), checkpoint.ReadTensors(CheckpointFiles.Random)["cpu"].data<byte>().ToArray());
        var scheduler = checkpoint.ReadJson(CheckpointFiles.Scheduler);
        Assert.Equal((7, 0.1 + 0.2), (scheduler["last_epoch"]!.GetValue<int>(), scheduler["lr"]!.GetValue<double>()));
        Assert.True(double.IsNaN(scheduler["best"]!.GetValue<double>()));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    public void A_state_that_is_no_object_is_named(string text)
    {
        var checkpoint = new CheckpointManager(folder).Save(1, files => files.WriteText(CheckpointFiles.OwnState, text));
        Assert.Contains(CheckpointFiles.OwnState, Assert.Throws<IOException>(() => checkpoint.ReadJson(CheckpointFiles.OwnState)).Message, StringComparison.Ordinal);
    }
}
