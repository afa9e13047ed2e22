using Socratic.Testing.Golden;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

[Trait("Kind", "Golden")]
public sealed class GoldenCheckpointTests
{
    private const string Area = GoldenModelCase.Area;

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "checkpoint")]
    public void Other_ways_to_store_weights_agree_in_float32(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        using var model = golden.Load();
        using var none = no_grad();
        using var ids = golden.Ids("input_ids");
        using var logits = model.Forward(ids);
        golden.Agree("logits.fp32", logits, null, GoldenModelCase.StateL2, GoldenModelCase.StateLargest);
        Assert.Equal(golden.Json.GetProperty("head_is_tied_after_loading").GetBoolean(), model.Config.TiesEmbeddings);
        Assert.Equal(golden.Json.GetProperty("parameter_count").GetInt64(), model.parameters().Sum(p => p.numel()));
        foreach (var file in golden.Json.GetProperty("files").EnumerateArray()) Assert.True(File.Exists(Path.Combine(golden.Folder, file.GetString()!)));
    });
}
