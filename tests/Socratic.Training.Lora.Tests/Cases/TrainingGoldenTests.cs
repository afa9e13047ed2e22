using Socratic.Testing.Golden;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Cases;

/// <summary>Dropout, and the number formats within one layer.</summary>
[Trait("Kind", "Golden")]
public sealed class TrainingGoldenTests
{
    [Theory(SkipTestWithoutData = true), PeftCases("dropout")]
    public void With_the_given_masks_training_gives_the_loss_and_gradients_of_PEFT(GoldenEntry entry) => AdapterGoldenTests.Run(entry, golden =>
    {
        var dropout = golden.Facts.GetProperty("dropout");
        using var model = golden.LoadBase();
        golden.Load(model, trainable: true);
        model.train();
        // The masks were drawn for the padding too; without kernels, padding is computed.
        model.UsesKernels = false;
        var asked = new List<string>();
        foreach (var (path, layer) in model.named_modules().Where(m => m.module is LoraLinear).Select(m => (m.name, (LoraLinear)m.module)))
            foreach (var adapter in layer.Adapters.Values)
                adapter.DropWith = (x, p) =>
                {
                    Assert.Equal(dropout.GetProperty("p").GetDouble(), p);
                    asked.Add(path);
                    var mask = tensor(golden.Tensors.Integers($"dropout_mask.{path}"), x.shape).to(ScalarType.Float32);
                    return x * mask * dropout.GetProperty("keep_scale").GetDouble();
                };
        golden.CheckLogits(model, "logits_train");
        Assert.Equal(dropout.GetProperty("modules_with_a_mask").EnumerateArray().Select(m => m.GetString()!).Order(StringComparer.Ordinal), asked.Distinct().Order(StringComparer.Ordinal));
        var loss = golden.MeanLoss(model);
        Close.Absolute(dropout.GetProperty("loss_train").GetDouble(), loss.ToDouble(), golden.LossTolerance, "loss_train");
        loss.backward();
        AdapterGoldenTests.CheckGradients(golden, model, "grad_train");
        model.eval();
        golden.CheckLogits(model, "logits");
    });

    [Theory(SkipTestWithoutData = true), PeftCases("trace", Tensor = "trace.b_out")]
    public void One_layer_rounds_where_PEFT_rounds(GoldenEntry entry) => AdapterGoldenTests.Run(entry, golden =>
    {
        var (x, baseOut, lowIn, low, share, output) = (Trace(golden, "x"), Trace(golden, "base_out"), Trace(golden, "a_in"), Trace(golden, "a_out"), Trace(golden, "b_out"), Trace(golden, "out"));
        Assert.Equal(Values(x.to(ScalarType.Float32)), Values(lowIn));
        Assert.Equal((ScalarType.BFloat16, ScalarType.Float32, ScalarType.BFloat16), (baseOut.dtype, share.dtype, output.dtype));
        using var model = golden.LoadBase();
        var layer = golden.Facts.GetProperty("targeted_modules").EnumerateArray().Select(t => t.GetProperty("module").GetString()!)
            .Select(path => (Path: path, Adapter: Traced(golden, model, path))).First(l => l.Adapter is not null);
        using var none = no_grad();
        var adapter = layer.Adapter!.Adapters[LoraAdapters.DefaultName];
        var ours = layer.Adapter.call(x);
        Assert.Equal(ScalarType.BFloat16, ours.dtype);
        if (!golden.Arguments.TryGetProperty("use_dora", out _))
            Assert.Equal(Values(output), Values(LinearAdapter.Sum(baseOut.clone(), share, adapter.Scale, inFloat32: true).to(ScalarType.BFloat16)));
        Close.Largest(Values(nn.functional.linear(lowIn, adapter.A)), Values(low), 1e-4, "a_out");
        Close.Largest(Values(nn.functional.linear(low, adapter.B)), Values(share), 1e-4, "b_out");
        Close.Largest(Values(ours), Values(output), golden.LogitTolerance, "out");
    });

    [Theory(SkipTestWithoutData = true), PeftCases("trace", WithoutTensor = "trace.b_out")]
    public void An_embedding_rounds_where_PEFT_rounds(GoldenEntry entry) => AdapterGoldenTests.Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        golden.Load(model);
        using var none = no_grad();
        var ids = tensor(golden.Tensors.Integers("trace.x"), golden.Tensors.Shape("trace.x"));
        var layer = (LoraEmbedding)model.Embedding;
        Assert.Equal(golden.Floats("trace.base_out"), Values(layer.Base.call(ids)));
        var ours = layer.call(ids);
        Assert.Equal(ScalarType.BFloat16, ours.dtype);
        Assert.Equal(golden.Floats("trace.out"), Values(ours));
    });

    /// <summary>The layer at a path, if it is the one whose values the case holds: the one whose A gives a_out.</summary>
    private static LoraLinear? Traced(GoldenCase golden, CausalLanguageModel model, string path)
    {
        if (model.Artifacts.Count == 0) golden.Load(model);
        var layer = (LoraLinear)model.LinearLayers.Single(l => l.Path == path).Layer;
        var adapter = layer.Adapters[LoraAdapters.DefaultName];
        if (adapter.A.shape[1] != golden.Tensors.Shape("trace.a_in")[^1]) return null;
        using var scope = NewDisposeScope();
        using var none = no_grad();
        var low = nn.functional.linear(Trace(golden, "a_in"), adapter.A);
        return (low - Trace(golden, "a_out")).abs().max().ToDouble() < 1e-4 ? layer : null;
    }

    private static Tensor Trace(GoldenCase golden, string name)
    {
        var values = tensor(golden.Tensors.Floats($"trace.{name}"), golden.Tensors.Shape($"trace.{name}"));
        return golden.Tensors.Dtype($"trace.{name}") == "BF16" ? values.to(ScalarType.BFloat16) : values;
    }

    private static float[] Values(Tensor tensor) => GoldenCase.Values(tensor);
}
