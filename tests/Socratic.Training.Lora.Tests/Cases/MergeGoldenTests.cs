using Socratic.Testing.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Cases;

[Trait("Kind", "Golden")]
public sealed class MergeGoldenTests
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";

    [Theory(SkipTestWithoutData = true), GoldenCases(Peft.Area)]
    public void Merged_weights_are_those_of_PEFT(GoldenEntry entry) => AdapterGoldenTests.Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        var before = Weights(model);
        golden.Load(model);
        model.Lora().MergeAndUnload();
        Assert.Empty(model.Artifacts);
        CheckWeights(golden, model, before, "merged.");
        var (logits, loss) = IsMergedWronglyByPeft(golden, model) ? ("logits", "adapter") : ("logits_merged", "merged");
        golden.CheckLogits(model, logits);
        using var none = no_grad();
        Close.Absolute(golden.Facts.GetProperty("loss").GetProperty(loss).GetDouble(), golden.MeanLoss(model).ToDouble(), golden.LossTolerance, "loss.merged");
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Peft.Area)]
    public void Shares_rounded_first_give_the_weights_of_a_safe_merge(GoldenEntry entry) => AdapterGoldenTests.Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        var before = Weights(model);
        golden.Load(model);
        model.Lora().MergeAndUnload(roundShare: true);
        CheckWeights(golden, model, before, golden.IsHalf ? "merged_safe." : "merged.");
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Peft.Area)]
    public void Unmerging_restores_the_weights_exactly(GoldenEntry entry) => AdapterGoldenTests.Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        golden.Load(model);
        var before = Weights(model);
        Assert.True(model.Lora().Merge());
        Assert.False(model.Lora().Merge());
        golden.CheckLogits(model, "logits", golden.IsHalf ? golden.LogitTolerance : 1e-4);
        model.Lora().Unmerge();
        foreach (var (name, values) in Weights(model)) Assert.Equal(before[name], values);
        golden.CheckLogits(model, "logits");
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Peft.Area)]
    public void Without_its_adapter_the_model_is_what_it_was(GoldenEntry entry) => AdapterGoldenTests.Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        var before = Weights(model);
        golden.Load(model);
        model.Lora().Unload();
        Assert.Empty(model.Artifacts);
        var tookFromBase = golden.Tensors.Names.Any(n => n.StartsWith("residual.", StringComparison.Ordinal));
        foreach (var (name, values) in Weights(model)) Close.Largest(values, before[name], tookFromBase ? 1e-6 : 0, name);
        golden.CheckLogits(model, golden.Tensors.Has("logits_base") ? "logits_base" : "logits_disabled");
    });

    private static void CheckWeights(GoldenCase golden, CausalLanguageModel model, Dictionary<string, float[]> before, string kind)
    {
        var after = Weights(model);
        var changed = golden.Facts.GetProperty("merge").GetProperty("changed_weights").EnumerateArray().Select(w => w.GetString()!).ToHashSet(StringComparer.Ordinal);
        if (IsMergedWronglyByPeft(golden, model))
        {
            Assert.False(model.HeadIsEmbedding);
            changed.ExceptWith([Embedding, Head]);
            after.Remove(Embedding);
            after.Remove(Head);
        }
        Assert.Equal(changed.Order(StringComparer.Ordinal), after.Where(w => !w.Value.SequenceEqual(before[w.Key])).Select(w => w.Key).Order(StringComparer.Ordinal));
        foreach (var name in changed)
        {
            // merged_safe holds only what differs; a light case holds neither.
            var key = golden.Tensors.Has(kind + name) ? kind + name : $"merged.{name}";
            if (golden.Tensors.Has(key)) Compare(after[name], golden.Floats(key), golden.IsHalf, key);
        }
    }

    /// <summary>
    /// PEFT merges an adapter of one side of a tied embedding into both. Ours unties them, so that the merged model computes what the adapter did: then
    /// the logits to compare with are those of the adapter.
    /// </summary>
    private static bool IsMergedWronglyByPeft(GoldenCase golden, CausalLanguageModel model)
        => model.Config.TiesEmbeddings && golden.Facts.GetProperty("targeted_modules").EnumerateArray().Any(t => t.GetProperty("module").GetString() is "lm_head" or "model.embed_tokens");

    private static void Compare(float[] actual, float[] expected, bool isHalf, string what)
    {
        if (!isHalf)
        {
            Close.Largest(actual, expected, 1e-6, what);
            return;
        }
        var different = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            if (actual[i].Equals(expected[i])) continue;
            different++;
            var (a, b) = (BitConverter.SingleToInt32Bits(actual[i]) >> 16, BitConverter.SingleToInt32Bits(expected[i]) >> 16);
            Assert.True(Math.Abs(a - b) <= 1, $"{what}: element {i} is {actual[i]}, expected {expected[i]}: more than one step of bfloat16");
        }
        Assert.True(different <= 0.01 * actual.Length, $"{what}: {different} of {actual.Length} differ");
    }

    /// <summary>The weights by their names in a plain model; a tied head has the embedding's.</summary>
    private static Dictionary<string, float[]> Weights(CausalLanguageModel model)
    {
        var weights = model.named_parameters()
            .Where(p => !p.name.Contains("lora_", StringComparison.Ordinal) && !p.name.Contains("modules_to_save", StringComparison.Ordinal) && !p.name.Contains("token_adapter", StringComparison.Ordinal))
            .ToDictionary(p => p.name.Replace(".base_layer.", ".", StringComparison.Ordinal).Replace(".original_module.", ".", StringComparison.Ordinal), p => GoldenCase.Values(p.parameter));
        weights.TryAdd(Head, weights[Embedding]);
        return weights;
    }
}
