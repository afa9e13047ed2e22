using Socratic.Training.Data;
using Socratic.Training.Layers;
using Socratic.Training.Safetensors;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

public sealed class CausalLanguageModelTests : IDisposable
{
    private readonly TinyModel tiny = new();

    public void Dispose() => tiny.Dispose();

    [Fact]
    public void Linear_layers_are_listed_in_order_and_can_be_replaced()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        Assert.Equal(4 * 7, model.LinearLayers.Count);
        Assert.Equal("model.layers.0.self_attn.q_proj", model.LinearLayers[0].Path);
        Assert.DoesNotContain(model.LinearLayers, l => l.IsOutputEmbedding);

        const string path = "model.layers.1.mlp.down_proj";
        var old = model.LinearLayers.Single(l => l.Path == path).Layer;
        using var scope = NewDisposeScope();
        var other = new DenseLinear(new Parameter((-old.DenseWeight(ScalarType.Float32)).DetachFromDisposeScope()));
        using var ids = tensor(new long[] { 2, 5, 7 }, [1, 3]);
        var before = model.Forward(ids);
        model.ReplaceLinear(path, other);
        Assert.Same(other, model.LinearLayers.Single(l => l.Path == path).Layer);
        Assert.False(before.allclose(model.Forward(ids)));
        Assert.True(model.get_parameter($"{path}.weight")!.allclose(other.Weight));
        model.ReplaceLinear(path, old);
        Assert.True(before.allclose(model.Forward(ids)));
        other.Dispose();

        Assert.Contains("lm_head", Assert.Throws<KeyNotFoundException>(() => model.ReplaceLinear("lm_head", old)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.ReplaceLinear("model.layers.0.self_attn.q_proj", old));
    }

    [Fact]
    public void Every_module_and_parameter_is_registered_once()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        Assert.Equal(model.named_modules().Count(), model.modules().Distinct().Count());
        Assert.Equal(model.state_dict().Keys.Order(), model.named_parameters().Select(p => p.name).Order());
    }

    [Fact]
    public void Saved_weights_and_configuration_load_as_the_same_model()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        using var none = no_grad();
        using var ids = tensor(new long[] { 2, 5, 7 }, [1, 3]);
        model.get_parameter("model.norm.weight")!.fill_(0.25);
        using var changed = model.Forward(ids);
        var folder = Path.Combine(tiny.Folder, "saved");
        model.SaveConfiguration(folder);
        model.SaveWeights(folder);
        Assert.Equal(File.ReadAllBytes(tiny.File("config.json")), File.ReadAllBytes(Path.Combine(folder, "config.json")));
        using (var again = CausalLanguageModel.Load(folder))
        {
            using var logits = again.Forward(ids);
            Assert.True(changed.eq(logits).all().ToBoolean());
        }

        model.LoadWeights(tiny.Folder);
        using var original = CausalLanguageModel.Load(tiny.Folder);
        using var restored = model.Forward(ids);
        using var first = original.Forward(ids);
        Assert.True(first.eq(restored).all().ToBoolean());
    }

    [Fact]
    public void Weights_of_another_model_are_refused_before_anything_is_replaced()
    {
        using var other = new TinyModel();
        using (var scope = NewDisposeScope())
        {
            var weights = new Dictionary<string, Tensor>();
            using (var file = SafetensorsFile.Open(other.File("model.safetensors")))
                foreach (var name in file.Names) weights[name] = zeros_like(file.Read(name));
            weights["model.norm.weight"] = zeros(41);
            SafetensorsWriter.Write(other.File("model.safetensors"), weights);
        }
        using var live = CausalLanguageModel.Load(tiny.Folder);
        Assert.Contains("'model.norm.weight'", Assert.Throws<ModelLoadException>(() => live.LoadWeights(other.Folder)).Message, StringComparison.Ordinal);
        using var sum = live.get_parameter("model.embed_tokens.weight")!.abs().sum();
        Assert.NotEqual(0, sum.ToSingle());
    }

    [Fact]
    public void A_model_in_bfloat16_says_so_where_it_is_saved()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder, load => load.Dtype = ModelDtype.BFloat16);
        Assert.Equal(ScalarType.BFloat16, model.Dtype);
        Assert.All(model.parameters(), p => Assert.Equal(ScalarType.BFloat16, p.dtype));
        var folder = Path.Combine(tiny.Folder, "saved");
        model.SaveConfiguration(folder);
        model.SaveWeights(folder);
        Assert.Contains("\"torch_dtype\": \"bfloat16\"", File.ReadAllText(Path.Combine(folder, "config.json")), StringComparison.Ordinal);
        Assert.True(new FileInfo(Path.Combine(folder, "model.safetensors")).Length < new FileInfo(tiny.File("model.safetensors")).Length * 6 / 10);
    }

    [Fact]
    public void A_batch_without_labels_has_loss_zero_and_zero_gradients()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        using var scope = NewDisposeScope();
        var ids = tensor(new long[] { 2, 5, 7 }, [1, 3]);
        using var batch = new TokenBatch(ids, full_like(ids, TokenBatch.IgnoreLabel), AttentionLayout.Full(1, 3), [0], 0);
        var loss = model.ComputeLoss(batch);
        Assert.Equal(0, loss.Value.ToSingle());
        loss.Value.backward();
        Assert.All(model.parameters(), p => Assert.Equal(0, p.grad!.abs().sum().ToSingle()));
        Assert.Equal(0, model.Evaluate(batch).Loss.Value.ToSingle());
    }

    [Fact]
    public void Frozen_parameters_get_no_gradient()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in model.named_parameters()) parameter.requires_grad = name.Contains("layers.2.self_attn.q_proj", StringComparison.Ordinal);
        using var batch = Batch();
        model.ComputeLoss(batch).Value.backward();
        Assert.Equal(["model.layers.2.self_attn.q_proj.weight"], model.named_parameters().Where(p => p.parameter.grad is not null).Select(p => p.name));
    }

    [Fact]
    public void Repeated_work_leaves_no_tensor_behind()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        using var batch = Batch();
        TinyModel.Settle();
        long[] counts = [.. Enumerable.Range(0, 4).Select(_ => Work())];
        Assert.Equal(counts[1], counts[3]);

        long Work()
        {
            using (NewDisposeScope())
            {
                model.ComputeLoss(batch).Value.backward();
                _ = model.Evaluate(batch);
                _ = model.Forward(batch.InputIds, batch.Attention);
            }
            _ = model.GenerateBatch([[2, 5], [2, 7, 9]], new GenerationOptions { MaxNewTokens = 5, Temperature = 1, TopK = 5, TopP = 0.9, MinP = 0.01, RepetitionPenalty = 1.1, Seed = 1 });
            return Tensor.TotalCount;
        }
    }

    [Fact]
    public void The_results_are_the_callers_and_nothing_else_is_left_without_a_scope()
    {
        using var model = CausalLanguageModel.Load(tiny.Folder);
        using var batch = Batch();
        using (var warm = model.Forward(batch.InputIds, batch.Attention)) Assert.Equal(3, warm.dim());
        TinyModel.Settle();
        var before = Tensor.TotalCount;
        using (var none = no_grad())
        {
            using var logits = model.Forward(batch.InputIds, batch.Attention);
            var output = model.Evaluate(batch);
            Assert.Equal(before + 3, Tensor.TotalCount);
            output.Loss.Value.Dispose();
            output.Predictions!.Dispose();
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    private static TokenBatch Batch()
    {
        var labels = new long[] { -100, -100, 7, 9, -100, 3, 8, -100 };
        return new TokenBatch(tensor(new long[] { 2, 5, 7, 9, 2, 3, 8, 0 }, [2, 4]), tensor(labels, [2, 4]), AttentionLayout.PaddedRight(4, [4, 3]), [0, 1], 4);
    }
}
