using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

[Trait("Kind", "Golden")]
public sealed class GoldenForwardTests
{
    private const string Area = GoldenModelCase.Area;

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Parameters_have_the_reference_names_and_shapes(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        using var model = golden.Load();
        var expected = golden.Json.GetProperty("parameters").EnumerateObject().Select(p => $"{p.Name} {string.Join(",", p.Value.EnumerateArray())}");
        Assert.Equal(expected.Order(), model.named_parameters().Select(p => $"{p.name} {string.Join(",", p.parameter.shape)}").Order());
        Assert.Equal(golden.Json.GetProperty("parameter_count").GetInt64(), model.parameters().Sum(p => p.numel()));
        Assert.Equal(golden.Json.GetProperty("tied_head").GetBoolean(), model.Config.TiesEmbeddings);
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Logits_and_hidden_states_agree(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            foreach (var name in new[] { "right", "left", "full" })
            {
                using var scope = NewDisposeScope();
                using var none = no_grad();
                var batch = golden.Batch(name);
                var real = golden.IsReal(name);
                golden.StatesAgree($"{name}.logits", model.Forward(batch.InputIds, batch.Attention), real);
                HiddenStatesAgree(golden, model, batch, name, real);
            }
        });
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Positions_are_those_of_the_reference(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        Assert.Equal(golden.Values.Integers("right.position_ids"), golden.Batch("right").Attention.Positions());
        Assert.Equal(golden.Values.Integers("full.position_ids"), golden.Batch("full").Attention.Positions());
        // Padded on the left, ours are those of generate(): what the reference takes by itself counts the padding, which changes no distance.
        var left = golden.Batch("left");
        Assert.Equal(golden.Values.Integers("left_generate.position_ids"), left.Attention.Positions());
        Assert.Equal(Enumerable.Range(0, left.Count).SelectMany(_ => Enumerable.Range(0, left.Length)).Select(i => (long)i), golden.Values.Integers("left.position_ids"));
        using var model = golden.Load();
        using var none = no_grad();
        using var logits = model.Forward(left.InputIds, left.Attention);
        golden.StatesAgree("left_generate.logits", logits, golden.IsReal("left"));
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Padding_gives_what_eager_attention_gives(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        using var model = golden.Load();
        model.UsesKernels = false;
        foreach (var name in new[] { "right", "left" })
        {
            using var scope = NewDisposeScope();
            using var none = no_grad();
            var batch = golden.Batch(name);
            golden.StatesAgree($"{name}.logits", model.Forward(batch.InputIds, batch.Attention), [.. golden.IsReal(name).Select(r => !r)]);
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Packed_rows_are_as_if_apart(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        golden.Both(model =>
        {
            using var scope = NewDisposeScope();
            using var none = no_grad();
            var batch = golden.Batch("packed");
            Assert.Equal(golden.Json.GetProperty("packed").GetProperty("lengths").EnumerateArray().Select(l => l.GetInt32()), batch.Attention.Documents(0).Select(d => d.Length));
            Assert.Equal(golden.Values.Integers("packed.position_ids"), batch.Attention.Positions());
            using var plan = new AttentionPlan(batch.Attention, CPU, ScalarType.Float32);
            Assert.Equal(golden.Values.Integers("packed.mask_full"), Seen(plan.Mask(null)!));
            if (Window(golden) is { } window) Assert.Equal(golden.Values.Integers("packed.mask_sliding"), Seen(plan.Mask(window)!));
            golden.StatesAgree("packed.logits", model.Forward(batch.InputIds, batch.Attention), golden.IsReal("packed"));
            var loss = model.ComputeLoss(batch);
            Close.Relative(golden.Json.GetProperty("packed").GetProperty("loss_mean").GetDouble(), loss.Value.ToDouble() / batch.TargetCount, GoldenModelCase.LossRelative, "packed loss");
        });
    });

    private static void HiddenStatesAgree(GoldenModelCase golden, CausalLanguageModel model, TokenBatch batch, string name, bool[] real)
    {
        var embedded = model.Embed(batch.InputIds);
        golden.StatesAgree($"{name}.hidden.0", embedded, real);
        var last = model.Config.LayerCount;
        _ = model.LossFromEmbedded(embedded, batch, (i, hidden) =>
        {
            if (i + 1 < last) golden.StatesAgree($"{name}.hidden.{i + 1}", hidden, real);
            else
            {
                golden.StatesAgree($"{name}.hidden_before_final_norm", hidden, real);
                golden.StatesAgree($"{name}.hidden.{last}", model.FinalNorm(hidden), real);
            }
        });
    }

    private static IEnumerable<long> Seen(Tensor mask) => GoldenModelCase.Floats(mask).Select(m => m == 0 ? 1L : 0L);

    private static int? Window(GoldenModelCase golden)
        => golden.Json.GetProperty("layer_types").EnumerateArray().Any(t => t.GetString() == "sliding_attention")
            ? GoldenRoot.Json(Path.Combine(golden.Folder, "config.json")).GetProperty("sliding_window").GetInt32()
            : null;
}
