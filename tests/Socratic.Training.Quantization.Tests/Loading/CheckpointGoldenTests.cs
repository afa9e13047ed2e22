using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Files;
using Socratic.Training.Quantization.Layers;
using Socratic.Training.Quantization.Tests.Codec;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Loading;

/// <summary>Whole models in 4 bits: what they compute, what they hold, what is saved of them.</summary>
[Trait("Kind", "Golden")]
public sealed class CheckpointGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "checkpoint")]
    public void TheModelComputesWhatTheReferenceComputes(GoldenEntry entry) => GoldenReport.Run(GoldenData.Area, entry.Name, () =>
    {
        var folder = GoldenRoot.File(GoldenData.Area, entry["folder"]);
        using var newer = new TemporaryFolder();
        File.WriteAllBytes(newer.File("model.safetensors"), File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        File.WriteAllBytes(newer.File("config.json"), File.ReadAllBytes(Path.Combine(folder, "..", "config.transformers5.json")));
        foreach (var style in new[] { folder, newer.Path })
            foreach (var run in GoldenRoot.Json(GoldenRoot.File(GoldenData.Area, entry["meta"])).GetProperty("runs").EnumerateObject()) CompareRun(entry, style, run.Name, run.Value);
    });

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "checkpoint")]
    public void TheWeightsStandForTheReferences(GoldenEntry entry) => IfQuantized(entry, () =>
    {
        using var scope = NewDisposeScope();
        using var model = Load(entry, ModelDtype.Float32);
        var expected = GoldenData.Open(entry, "dequantized");
        var layers = Quantized(model);
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), layers.Keys.Select(p => p + ".weight").Order(StringComparer.Ordinal));
        foreach (var (path, layer) in layers)
        {
            Assert.Equal(GoldenData.Type(entry), layer.Weight.Type);
            Assert.Equal(entry.Json.GetProperty("block_size").GetInt32(), layer.Weight.BlockSize);
            Assert.Equal(entry.Json.GetProperty("nested").GetBoolean(), layer.Weight.Nested is not null);
            GoldenData.Equal(expected, path + ".weight", layer.DenseWeight(ScalarType.Float32));
            GoldenData.Equal(GoldenData.Tensor(expected, path + ".weight").to(ScalarType.BFloat16), layer.DenseWeight(ScalarType.BFloat16), path);
        }
    }, "dequantized");

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "checkpoint")]
    public void TheSourceIsBroughtTo4BitsAsTheReferenceSays(GoldenEntry entry) => IfQuantized(entry, () =>
    {
        var source = GoldenRoot.Cases(GoldenData.Area).FirstOrDefault(c => c.Kind == "checkpoint" && !c.Json.GetProperty("quantized").GetBoolean());
        Assert.SkipWhen(source is null, "the source of the checkpoints is not here");
        using var scope = NewDisposeScope();
        var options = new QuantizationOptions { Type = GoldenData.Type(entry), BlockSize = entry.Json.GetProperty("block_size").GetInt32(), DoubleQuantization = entry.Json.GetProperty("nested").GetBoolean() };
        using var model = CausalLanguageModel.Load(GoldenRoot.File(GoldenData.Area, source!["folder"]), load => load.QuantizeTo4Bit(options));
        var expected = GoldenData.Open(entry, "expected_quantized");
        foreach (var (path, layer) in Quantized(model))
        {
            GoldenData.Equal(expected, path + ".weight", layer.Weight.Packed);
            if (layer.Weight.Nested is not { } nested)
            {
                GoldenData.Equal(expected, path + ".weight.absmax", layer.Weight.Absmax);
                continue;
            }
            var offset = expected.Floats(path + ".weight.nested_offset")[0];
            Close.Relative(offset, nested.Offset, 4e-7, path + ".weight.nested_offset");
            using var exact = QuantizedTensor.Quantize(layer.OriginalWeight(ScalarType.Float32), options, offset);
            GoldenData.Equal(expected, path + ".weight.absmax", exact.Absmax);
            GoldenData.Equal(expected, path + ".weight.nested_absmax", exact.Nested!.Absmax);
        }
    }, "expected_quantized");

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "checkpoint")]
    public void WhatIsSavedIsWhatWasLoaded(GoldenEntry entry) => IfQuantized(entry, () =>
    {
        var folder = GoldenRoot.File(GoldenData.Area, entry["folder"]);
        var dtype = GoldenRoot.Json(Path.Combine(folder, "config.json")).GetProperty("torch_dtype").GetString() == "bfloat16" ? ModelDtype.BFloat16 : ModelDtype.Float32;
        using var first = new TemporaryFolder();
        using (var model = Load(entry, dtype)) Save(model, first.Path);
        using var second = new TemporaryFolder();
        using (var model = CausalLanguageModel.Load(first.Path, load => { load.Dtype = dtype; load.QuantizeTo4Bit(); })) Save(model, second.Path);
        foreach (var name in new[] { "model.safetensors", "config.json" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, name)), File.ReadAllBytes(first.File(name)));
            Assert.Equal(File.ReadAllBytes(first.File(name)), File.ReadAllBytes(second.File(name)));
        }
    });

    // Outside the report: a dense checkpoint's case is the one above.
    private static void IfQuantized(GoldenEntry entry, Action check, string? property = null)
    {
        Assert.SkipUnless(entry.Json.GetProperty("quantized").GetBoolean(), "the checkpoint is dense");
        Assert.SkipWhen(property is not null && !entry.Json.TryGetProperty(property, out _), $"this golden folder has no {property} of the case");
        GoldenReport.Run(GoldenData.Area, entry.Name, check);
    }

    internal static Dictionary<string, QuantizedLinear> Quantized(CausalLanguageModel model)
        => model.LinearLayers.Where(l => l.Layer is QuantizedLinear).ToDictionary(l => l.Path, l => (QuantizedLinear)l.Layer, StringComparer.Ordinal);

    internal static void Save(CausalLanguageModel model, string folder)
    {
        model.SaveWeights(folder);
        model.SaveConfiguration(folder);
    }

    private static CausalLanguageModel Load(GoldenEntry entry, ModelDtype dtype) => CausalLanguageModel.Load(GoldenRoot.File(GoldenData.Area, entry["folder"]), load =>
    {
        load.Dtype = dtype;
        load.QuantizeTo4Bit();
    });

    private static void CompareRun(GoldenEntry entry, string folder, string run, JsonElement facts)
    {
        using var scope = NewDisposeScope();
        var isHalf = facts.GetProperty("model_dtype").GetString() == "bfloat16";
        var compute = QuantizationNames.Dtype(facts.GetProperty("compute_dtype").GetString()) == ScalarType.BFloat16 ? QuantizedComputeDtype.BFloat16 : QuantizedComputeDtype.Float32;
        using var model = CausalLanguageModel.Load(folder, load =>
        {
            load.Dtype = isHalf ? ModelDtype.BFloat16 : ModelDtype.Float32;
            if (entry.Json.GetProperty("quantized").GetBoolean()) load.QuantizeTo4Bit(new QuantizationOptions { ComputeDtype = compute });
        });
        foreach (var parameter in model.parameters()) parameter.requires_grad = false;
        var probe = new GradientProbe(model.Embedding);
        model.ReplaceEmbedding(probe);
        model.eval();
        var golden = GoldenData.Open(entry, "golden");
        var tolerance = isHalf ? 3e-2 : 1e-5;
        var (ids, labels) = (Integers(golden, "input_ids"), Integers(golden, "labels"));
        Close.OfLargest(Values(model.Forward(ids)), golden.Floats($"{run}.logits"), tolerance, $"{run}.logits");
        Close.OfLargest(Values(probe.Vectors!), golden.Floats($"{run}.scaled_embeds"), isHalf ? 0 : 1e-7, $"{run}.scaled_embeds");

        var count = labels.narrow(1, 1, labels.shape[1] - 1).ne(TokenBatch.IgnoreLabel).sum().ToInt64();
        using var batch = new TokenBatch(ids, labels, AttentionLayout.Full((int)ids.shape[0], (int)ids.shape[1]), [.. Enumerable.Range(0, (int)ids.shape[0])], count);
        var loss = model.ComputeLoss(batch).Value / count;
        Close.Relative(golden.Floats($"{run}.loss")[0], loss.ToDouble(), tolerance, $"{run}.loss");
        Close.Relative(facts.GetProperty("loss").GetDouble(), loss.ToDouble(), tolerance, $"{run} loss of the index");
        loss.backward();
        Close.OfLargest(Values(probe.Vectors!.grad!), golden.Floats($"{run}.grad_scaled_embeds"), tolerance, $"{run}.grad_scaled_embeds");
    }

    private static Tensor Integers(GoldenTensors file, string name) => tensor(file.Integers(name), file.Shape(name));

    private static float[] Values(Tensor tensor) => tensor.detach().to(ScalarType.Float32).contiguous().data<float>().ToArray();
}
