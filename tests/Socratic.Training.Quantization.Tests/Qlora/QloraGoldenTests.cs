using Socratic.Testing.Golden;
using Socratic.Training.Layers;
using Socratic.Training.Lora;
using Socratic.Training.Quantization.Layers;
using Socratic.Training.Quantization.Tests.Codec;
using Socratic.Training.Quantization.Tests.Loading;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Qlora;

/// <summary>Adapters over 4-bit layers: what they compute, train and merge into.</summary>
[Trait("Kind", "Golden")]
public sealed class QloraGoldenTests(ITestOutputHelper output)
{
    [Theory(SkipTestWithoutData = true), PeftCases("nf4")]
    public void An_adapter_over_4_bits_computes_what_PEFT_computes(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = golden.Load(golden.Base);
        CheckDequantized(golden, model);
        var adapter = model.LoadAdapter(golden.Adapter, trainable: true);
        golden.CheckTargets(adapter);
        golden.CheckTrainable(model);
        golden.CheckLogits(model, "logits");
        golden.CheckLoss(model, "adapter");
        CheckTrace(golden, model);
        golden.MeanLoss(model).backward();
        golden.CheckGradients(model);
        using (model.DisableAdapter())
        {
            golden.CheckLogits(model, "logits_disabled");
            golden.CheckLoss(model, "disabled");
        }
    });

    [Theory(SkipTestWithoutData = true), PeftCases("nf4")]
    public void Merged_weights_in_4_bits_are_those_of_PEFT(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = golden.Load(golden.Base);
        var before = Dequantized(model);
        model.LoadAdapter(golden.Adapter);
        var distance = model.Lora().MergeDistance(() => model.Forward(golden.Ids));
        output.WriteLine($"{entry.Name}: merged into 4 bits, the logits are up to {distance:G3} from the live model's");
        Close.Absolute(golden.Facts.GetProperty("merge").GetProperty("max_abs_merged_4bit_minus_unmerged_logits").GetDouble(), distance, 0.02 * distance + (golden.IsHalf ? 0.3 : 0), "distance");
        foreach (var (path, values) in Dequantized(model)) Assert.Equal(before[path], values);
        golden.CheckLogits(model, "logits");

        model.Lora().MergeAndUnload();
        var changed = golden.Facts.GetProperty("merge").GetProperty("quant_state_dtype_after_merge");
        foreach (var (path, layer) in CheckpointGoldenTests.Quantized(model))
        {
            if (!changed.TryGetProperty(path, out var dtype))
            {
                Assert.Equal(before[path], PeftCase.Values(layer.DenseWeight(ScalarType.Float32)));
                continue;
            }
            Assert.Equal(dtype.GetString(), layer.Weight.Dtype.ToString().ToLowerInvariant());
            CheckMerged(golden.Tensors, path, layer);
        }
        // The reference's 8-bit scales are now and then not the nearest: what follows from them is as near as they are.
        golden.CheckLogits(model, "logits_merged_4bit", golden.IsHalf ? null : 0.02 * golden.Tensors.Floats("logits_merged_4bit").Max(MathF.Abs));
        Close.Absolute(golden.Facts.GetProperty("loss").GetProperty("merged_4bit").GetDouble(), golden.MeanLoss(model).ToDouble(), golden.IsHalf ? golden.LossTolerance : 5e-3, "loss.merged_4bit");
    });

    [Theory(SkipTestWithoutData = true), PeftCases("nf4")]
    public void The_same_adapter_over_the_dense_base_and_merged_into_it(GoldenEntry entry) => Run(entry, golden =>
    {
        var dense = GoldenRoot.File(PeftCase.Area, golden.Facts.GetProperty("dense_base").GetString()!);
        Assert.SkipUnless(Directory.Exists(dense), "this golden folder has no dense base of the case");
        using var model = golden.Load(dense);
        model.LoadAdapter(golden.Adapter);
        golden.CheckLogits(model, "logits_dense_base");
        using (var four = golden.Load(golden.Base))
        {
            four.LoadAdapter(golden.Adapter);
            using var none = no_grad();
            var distance = model.Lora().MergeDistance(() => model.Forward(golden.Ids));
            model.Lora().Merge();
            var apart = (model.Forward(golden.Ids) - four.Forward(golden.Ids)).abs().max().ToDouble();
            output.WriteLine($"{entry.Name}: merged into the 16-bit base, the logits are up to {apart:G3} from the live 4-bit model's, {distance:G3} from the dense one's");
            Close.Absolute(golden.Facts.GetProperty("merge").GetProperty("max_abs_merged_dense_minus_unmerged_logits").GetDouble(), apart, 2 * golden.LogitTolerance, "distance");
            model.Lora().Unmerge();
        }
        model.Lora().MergeAndUnload();
        golden.CheckLogits(model, "logits_merged_dense");
    });

    [Theory(SkipTestWithoutData = true), PeftCases("nf4")]
    public void Merged_into_the_dequantized_base_the_model_is_the_one_that_was_trained(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = golden.Load(golden.Base);
        model.LoadAdapter(golden.Adapter);
        var distance = model.Lora().MergeDistance(() => model.Forward(golden.Ids), MergeTarget.Dequantized);
        output.WriteLine($"{entry.Name}: merged into the dequantized base, the logits are up to {distance:G3} from the live model's");
        Assert.InRange(distance, 0, golden.LogitTolerance);
        Assert.Contains("before 4 bits", Assert.Throws<InvalidOperationException>(() => model.Lora().MergeAndUnload(target: MergeTarget.Original)).Message, StringComparison.Ordinal);
        golden.CheckLogits(model, "logits");
        using var folder = new TemporaryFolder();
        model.Lora().SaveMerged(folder.Path, target: MergeTarget.Dequantized);
        golden.CheckLogits(model, "logits");
        using (var again = golden.Load(folder.Path)) golden.CheckLogits(again, "logits", 2 * golden.LogitTolerance);
        model.Lora().MergeAndUnload(target: MergeTarget.Dequantized);
        Assert.Empty(CheckpointGoldenTests.Quantized(model));
        golden.CheckLogits(model, "logits");
    });

    [Theory(SkipTestWithoutData = true), PeftCases("nf4")]
    public void Prepared_for_training_the_model_computes_nearly_the_same(GoldenEntry entry) => Run(entry, golden =>
    {
        // The reference brings embedding and head to float32 as well; here they stay (2.2 GiB of a 2B model).
        using var model = golden.Load(golden.Base, new QuantizationOptions { NormsInFloat32 = true });
        model.LoadAdapter(golden.Adapter, trainable: true);
        var norms = 0;
        foreach (var fact in golden.Facts.GetProperty("prepare_model_for_kbit_training").GetProperty("parameters").EnumerateArray())
        {
            Assert.False(fact.GetProperty("requires_grad_after").GetBoolean());
            var name = fact.GetProperty("name").GetString()!;
            Assert.All(model.named_parameters().Where(p => p.name.Replace(".base_layer.", ".", StringComparison.Ordinal) == name), p => Assert.False(p.parameter.requires_grad));
            if (!name.Contains("norm", StringComparison.Ordinal)) continue;
            norms++;
            Assert.Equal(fact.GetProperty("dtype_after").GetString(), model.named_parameters().Single(p => p.name == name).parameter.dtype.ToString().ToLowerInvariant());
        }
        Assert.True(norms > 0);
        if (!golden.Tensors.Has("logits_prepared")) return;
        golden.CheckLogits(model, "logits_prepared");
        if (!golden.IsHalf) return;
        // 16 bits leave a tolerance that both models of the reference are within: nearer to the prepared one than a model that is not prepared can be.
        using var none = no_grad();
        using var unprepared = golden.Load(golden.Base);
        unprepared.LoadAdapter(golden.Adapter);
        double Distance(CausalLanguageModel which) => PeftCase.Values(which.Forward(golden.Ids)).Zip(golden.Tensors.Floats("logits_prepared"), (a, b) => Math.Abs((double)a - b)).Average();
        output.WriteLine($"{entry.Name}: from logits_prepared on average {Distance(model):G3}, not prepared {Distance(unprepared):G3}");
        Assert.InRange(Distance(model), 0, 0.75 * Distance(unprepared));
    });

    private static void Run(GoldenEntry entry, Action<PeftCase> check) => GoldenReport.Run(PeftCase.Area, $"nf4/{entry.Name}", () =>
    {
        using var scope = NewDisposeScope();
        check(new PeftCase(entry.Json));
    });

    private static Dictionary<string, float[]> Dequantized(CausalLanguageModel model)
        => model.named_modules().Where(m => m.module is QuantizedLinear).ToDictionary(
            m => m.name.Replace(".base_layer", "", StringComparison.Ordinal), m => PeftCase.Values(((LinearLayer)m.module).DenseWeight(ScalarType.Float32)), StringComparer.Ordinal);

    private static void CheckDequantized(PeftCase golden, CausalLanguageModel model)
    {
        var file = Path.Combine(golden.Base, "dequantized.safetensors");
        if (!File.Exists(file)) return; // the repository's part has the logits alone
        var expected = new GoldenTensors(file);
        foreach (var (path, layer) in CheckpointGoldenTests.Quantized(model)) GoldenData.Equal(expected, path + ".weight", layer.DenseWeight(GoldenData.Dtype(expected.Dtype(path + ".weight"))));
    }

    private static void CheckMerged(GoldenTensors tensors, string path, QuantizedLinear layer)
    {
        var key = $"merged_4bit.{path}.weight";
        GoldenData.Equal(tensors, key, layer.Weight.Packed);
        var dense = tensors.Floats($"merged_4bit_dequantized.{path}.weight");
        Close.OfLargest(PeftCase.Values(layer.DenseWeight(ScalarType.Float32)), dense, 0.02, key);
        var stored = layer.StoredTensors().ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
        foreach (var name in tensors.Names.Where(n => n.StartsWith(key + ".", StringComparison.Ordinal)))
        {
            var mine = stored[name[(key.Length - "weight".Length)..]];
            if (name.EndsWith("map", StringComparison.Ordinal)) GoldenData.Equal(tensors, name, mine);
            else Assert.Equal(tensors.Dtype(name) == "U8" ? ScalarType.Byte : ScalarType.Float32, mine.dtype);
        }
        var theirs = Files.StoredWeight.Read(new Part(tensors, key[..^"weight".Length]), layer.InFeatures, layer.OutFeatures);
        Close.OfLargest(PeftCase.Values(layer.Weight.RestoredScales()), PeftCase.Values(theirs.RestoredScales()), 0.02, key + " scales");
        GoldenData.Equal(tensors, $"merged_4bit_dequantized.{path}.weight", theirs.Dequantize(ScalarType.Float32));
        theirs.Dispose();
    }

    /// <summary>One layer in bfloat16: the adapter's share is rounded, then added.</summary>
    private static void CheckTrace(PeftCase golden, CausalLanguageModel model)
    {
        if (!golden.Tensors.Has("trace.x")) return;
        using var none = no_grad();
        var layer = model.LinearLayers.First(l => l.Path == golden.Facts.GetProperty("targeted_modules")[0].GetProperty("module").GetString()).Layer;
        var x = GoldenData.Tensor(golden.Tensors, "trace.x");
        var (baseOut, share) = (GoldenData.Tensor(golden.Tensors, "trace.base_out"), GoldenData.Tensor(golden.Tensors, "trace.b_out"));
        var scale = golden.Facts.GetProperty("targeted_modules")[0].GetProperty("scaling").GetDouble();
        Assert.Equal(x.dtype, layer.call(x).dtype);
        var tolerance = golden.IsHalf ? 0.02 : 1e-5;
        Close.OfLargest(PeftCase.Values(layer.call(x)), golden.Tensors.Floats("trace.out"), tolerance, "trace.out");
        // DoRA's sum is another one.
        if (golden.Tensors.Names.Any(n => n.EndsWith("lora_magnitude_vector", StringComparison.Ordinal))) return;
        if (golden.IsHalf) GoldenData.Equal(golden.Tensors, "trace.out", baseOut + (share * scale).to(ScalarType.BFloat16));
        else Close.OfLargest(PeftCase.Values(baseOut + share * scale), golden.Tensors.Floats("trace.out"), tolerance, "trace.out of its parts");
        Close.OfLargest(PeftCase.Values(((LinearLayer)layer.named_children().First(c => c.name == "base_layer").module).call(x)), golden.Tensors.Floats("trace.base_out"), tolerance, "trace.base_out");
        Close.Largest(PeftCase.Values(x.to(ScalarType.Float32)), golden.Tensors.Floats("trace.a_in"), 0, "trace.a_in");
        var (a, b) = (Parameter(layer, "lora_A"), Parameter(layer, "lora_B"));
        Close.OfLargest(PeftCase.Values(nn.functional.linear(x.to(ScalarType.Float32), a)), golden.Tensors.Floats("trace.a_out"), 1e-5, "trace.a_out");
        Close.OfLargest(PeftCase.Values(nn.functional.linear(GoldenData.Tensor(golden.Tensors, "trace.a_out"), b)), golden.Tensors.Floats("trace.b_out"), 1e-5, "trace.b_out");
    }

    private static TorchSharp.Modules.Parameter Parameter(LinearLayer layer, string part) => layer.named_parameters().First(p => p.name.StartsWith(part, StringComparison.Ordinal)).parameter;

    private sealed class Part(GoldenTensors tensors, string prefix) : ITensorSource
    {
        public IReadOnlyCollection<string> Names => [.. tensors.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..])];

        public Tensor Read(string name) => GoldenData.Tensor(tensors, prefix + name);
    }
}
