using Socratic.Testing.Golden;
using Socratic.Training.Lora;
using Socratic.Training.Quantization.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Qlora;

/// <summary>LoftQ: adapters that begin with what 4 bits lose of the weights.</summary>
[Trait("Kind", "Golden")]
public sealed class LoftqGoldenTests
{
    [Theory(SkipTestWithoutData = true), PeftCases("cases", only: "loftq")]
    public void A_loaded_adapter_computes_what_PEFT_computes(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = Load(golden);
        golden.CheckLogits(model, "logits_base", double.PositiveInfinity);
        golden.CheckTargets(model.LoadAdapter(golden.Adapter, trainable: true));
        CheckResiduals(golden, model);
        golden.CheckTrainable(model);
        golden.CheckLogits(model, "logits");
        golden.CheckLoss(model, "adapter");
        golden.MeanLoss(model).backward();
        golden.CheckGradients(model);
        using (model.DisableAdapter())
        {
            golden.CheckLogits(model, "logits_disabled");
            golden.CheckLoss(model, "disabled");
        }
        using (var dense = golden.Load(golden.Base))
        {
            golden.CheckLogits(dense, "logits_base");
            golden.CheckLoss(dense, "base");
        }
        using var folder = new TemporaryFolder();
        model.Lora().Save(folder.Path);
        foreach (var name in new[] { "adapter_model.safetensors", "adapter_config.json" }) Assert.Equal(File.ReadAllBytes(Path.Combine(golden.Adapter, name)), File.ReadAllBytes(folder.File(name)));
    });

    [Theory(SkipTestWithoutData = true), PeftCases("cases", only: "loftq")]
    public void The_first_values_are_those_of_PEFT(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = Load(golden);
        var before = model.LinearLayers.ToDictionary(l => l.Path, l => PeftCase.Values(l.Layer.DenseWeight(ScalarType.Float32)), StringComparer.Ordinal);
        var adapter = model.AddLora(golden.Options);
        using var folder = new TemporaryFolder();
        adapter.Save(folder.Path);
        var first = new GoldenTensors(folder.File("adapter_model.safetensors"));
        Assert.Equal(golden.Tensors.Names.Where(n => n.StartsWith("init.", StringComparison.Ordinal)).Order(StringComparer.Ordinal), first.Names.Select(n => $"init.{n}").Order(StringComparer.Ordinal));
        // A decomposition may turn the signs of rows and columns, so the products are compared.
        foreach (var layer in adapter.Layers.Select(l => $"base_model.model.{l.Path}"))
            Close.Largest(Product(first, layer), Product(golden.Tensors, $"init.{layer}"), 2e-5, layer);
        CheckResiduals(golden, model);
        model.Lora().Unload();
        foreach (var (path, layer, _) in model.LinearLayers) Assert.Equal(before[path], PeftCase.Values(layer.DenseWeight(ScalarType.Float32)));
    });

    [Theory(SkipTestWithoutData = true), PeftCases("cases", only: "loftq")]
    public void Merged_into_the_dequantized_base_the_weights_are_those_of_PEFT(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = Load(golden);
        model.LoadAdapter(golden.Adapter);
        model.Lora().MergeAndUnload(target: MergeTarget.Dequantized);
        foreach (var name in golden.Facts.GetProperty("merge").GetProperty("changed_weights").EnumerateArray().Select(n => n.GetString()!))
            Close.Largest(PeftCase.Values(model.LinearLayers.First(l => l.Path + ".weight" == name).Layer.DenseWeight(ScalarType.Float32)), golden.Tensors.Floats($"merged.{name}"), 1e-6, name);
        golden.CheckLogits(model, "logits_merged");
        golden.CheckLoss(model, "merged");
    });

    private static void Run(GoldenEntry entry, Action<PeftCase> check) => GoldenReport.Run(PeftCase.Area, entry.Name, () =>
    {
        using var scope = NewDisposeScope();
        check(new PeftCase(entry.Json));
    });

    /// <summary>The dense base with the layers that get an adapter in 4 bits, as PEFT's LoftQ has them: NF4, plain scales.</summary>
    private static CausalLanguageModel Load(PeftCase golden)
    {
        var targets = golden.Facts.GetProperty("targeted_modules").EnumerateArray().Select(t => t.GetProperty("module").GetString()!).ToHashSet(StringComparer.Ordinal);
        string[] others;
        using (var dense = golden.Load(golden.Base)) others = [.. dense.LinearLayers.Select(l => l.Path).Where(p => !targets.Contains(p))];
        var model = golden.Load(golden.Base, new QuantizationOptions { DoubleQuantization = false, SkipModules = others });
        Assert.Equal(targets.Order(StringComparer.Ordinal), model.LinearLayers.Where(l => l.Layer is QuantizedLinear).Select(l => l.Path).Order(StringComparer.Ordinal));
        return model;
    }

    private static void CheckResiduals(PeftCase golden, CausalLanguageModel model)
    {
        foreach (var name in golden.Tensors.Names.Where(n => n.StartsWith("residual.", StringComparison.Ordinal)))
            Close.Largest(
                PeftCase.Values(model.LinearLayers.First(l => $"residual.{l.Path}.weight" == name).Layer.DenseWeight(ScalarType.Float32)), golden.Tensors.Floats(name), 2e-5, name);
    }

    private static float[] Product(GoldenTensors tensors, string layer)
    {
        Tensor Of(string part) => tensor(tensors.Floats($"{layer}.{part}.weight"), tensors.Shape($"{layer}.{part}.weight"));
        return PeftCase.Values(Of("lora_B").mm(Of("lora_A")));
    }
}
