using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Lora.Tests.Cases;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests;

/// <summary>Documents packed into one row give the loss, logits and gradients of the reference, which are those of the documents by themselves.</summary>
[Trait("Kind", "Golden")]
public sealed class PackedLossGoldenTests
{
    private const string Area = "sft";

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "packed_loss")]
    public void Packed_documents_do_not_see_each_other(GoldenEntry entry) => GoldenReport.Run(Area, $"packed_loss/{entry.Name}", () =>
    {
        var golden = GoldenRoot.Json(GoldenRoot.File(Area, entry["folder"], "case.json"));
        var expected = GoldenRoot.Json(GoldenRoot.File(Area, entry["folder"], "expected.json"));
        var tensors = new GoldenTensors(GoldenRoot.File(Area, entry["folder"], "expected.safetensors"));
        Assert.Equal("bfd", golden.GetProperty("strategy").GetString());
        var rows = new TokenRows([.. golden.GetProperty("documents").EnumerateArray().Select(d => new TokenRow(Numbers(d, "input_ids"), Numbers(d, "labels")))], padToMultipleOf: 1);
        var packs = rows.Pack(golden.GetProperty("seq_length").GetInt32());
        Assert.Equal(golden.GetProperty("packs").GetArrayLength(), packs.Count);

        using var scope = NewDisposeScope();
        using var model = CausalLanguageModel.Load(GoldenRoot.File(Area, golden.GetProperty("model").GetString()!));
        model.LoadAdapter(GoldenRoot.File(Area, entry["folder"], golden.GetProperty("adapter").GetString()!), trainable: true);
        using var batch = packs.Collate([.. Enumerable.Range(0, packs.Count)]);
        Assert.Equal(golden.GetProperty("batch").GetProperty("input_ids")[0].EnumerateArray().Select(n => n.GetInt64()), batch.InputIds.data<long>());
        Assert.Equal(golden.GetProperty("batch").GetProperty("labels")[0].EnumerateArray().Select(n => n.GetInt64()), batch.Labels.data<long>());
        Assert.Equal(expected.GetProperty("tokens_with_loss").GetInt64(), batch.TargetCount);

        var logits = model.Forward(batch.InputIds, batch.Attention);
        Close.Largest(GoldenCase.Values(logits), tensors.Floats("logits"), 6e-5, "logits");
        var loss = MeanLoss(model, batch);
        Close.Relative(expected.GetProperty("loss").GetDouble(), loss.ToDouble(), 2e-5, "loss");
        loss.backward();
        foreach (var p in model.Lora().All.Values.SelectMany(a => a.Parameters))
            Close.Largest(GoldenCase.Values(p.Parameter.grad!), tensors.Floats($"grad.{p.FileKey}"), 2e-5, p.FileKey);

        using var padded = rows.Collate([.. Enumerable.Range(0, rows.Count)]);
        Assert.Equal(batch.TargetCount, padded.TargetCount);
        Close.Relative(MeanLoss(model, padded).ToDouble(), loss.ToDouble(), 1e-6, "padded loss");
        using var last = batch.Slice(packs.Count - 1, 1);
        using var alone = packs.Collate([packs.Count - 1]);
        Assert.Equal(alone.InputIds.data<long>().ToArray(), last.InputIds.data<long>().ToArray());
        Close.Relative(MeanLoss(model, alone).ToDouble(), MeanLoss(model, last).ToDouble(), 1e-6, "sliced loss");
    });

    private static Tensor MeanLoss(CausalLanguageModel model, TokenBatch batch) => model.ComputeLoss(batch).Value / batch.TargetCount;

    private static int[] Numbers(JsonElement row, string key) => [.. row.GetProperty(key).EnumerateArray().Select(n => n.GetInt32())];
}
