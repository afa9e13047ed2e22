using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Cases;

/// <summary>One case of golden/peft: its base, adapter, batch and values.</summary>
internal sealed class GoldenCase : IDisposable
{
    public GoldenCase(GoldenEntry entry)
        : this(entry.Json.GetProperty("path").GetString()!, entry.Json.GetProperty("base").GetString()!, entry.Json.TryGetProperty("base_dtype", out var dtype) ? dtype.GetString()! : "float32")
        => Has = entry.Json.TryGetProperty("has", out var has) ? [.. has.EnumerateArray().Select(h => h.GetString()!)] : [];

    public GoldenCase(string path, string baseModel, string dtype)
    {
        Folder = Peft.File(path);
        BaseFolder = Peft.File(baseModel);
        IsHalf = dtype == "bfloat16";
        Facts = GoldenRoot.Json(Path.Combine(Folder, "golden.json"));
        Tensors = new GoldenTensors(Path.Combine(Folder, "golden.safetensors"));
        Ids = Integers("input_ids");
        Labels = Tensors.Has("labels") ? Integers("labels") : null;
    }

    public string Folder { get; }

    public string BaseFolder { get; }

    public string AdapterFolder => Path.Combine(Folder, "adapter");

    public bool IsHalf { get; }

    public IReadOnlyList<string> Has { get; } = [];

    public JsonElement Facts { get; }

    public JsonElement Arguments => Facts.GetProperty("arguments");

    public GoldenTensors Tensors { get; }

    public Tensor Ids { get; }

    public Tensor? Labels { get; }

    public double LogitTolerance => IsHalf ? 0.15 : 5e-5;

    public double LossTolerance => IsHalf ? 0.02 : 1e-5;

    public double GradientTolerance => IsHalf ? 0.1 : 1e-4;

    public CausalLanguageModel LoadBase()
    {
        var model = CausalLanguageModel.Load(BaseFolder, load => load.Dtype = IsHalf ? ModelDtype.BFloat16 : ModelDtype.Float32);
        model.eval();
        return model;
    }

    public TokenBatch Batch()
    {
        var labels = Labels!;
        var count = labels.narrow(1, 1, labels.shape[1] - 1).ne(TokenBatch.IgnoreLabel).sum().ToInt64();
        return new TokenBatch(Ids.clone(), labels.clone(), AttentionLayout.Full((int)Ids.shape[0], (int)Ids.shape[1]), [.. Enumerable.Range(0, (int)Ids.shape[0])], count);
    }

    /// <summary>
    /// Loads the case's adapter. Where loading draws (a randomized decomposition of the base), the golden values were drawn from one more than the seed
    /// of the start.
    /// </summary>
    public LoraAdapter Load(CausalLanguageModel model, bool trainable = false)
    {
        if (Facts.TryGetProperty("init_seed", out var seed)) manual_seed(seed.GetInt64() + 1);
        return model.LoadAdapter(AdapterFolder, trainable: trainable);
    }

    /// <summary>The mean loss over the labels, attached to the graph.</summary>
    public Tensor MeanLoss(CausalLanguageModel model)
    {
        using var batch = Batch();
        return model.ComputeLoss(batch).Value / batch.TargetCount;
    }

    public void CheckLogits(CausalLanguageModel model, string name, double? tolerance = null)
    {
        using var scope = NewDisposeScope();
        using var none = no_grad();
        Close.Largest(Values(model.Forward(Ids)), Tensors.Floats(name), tolerance ?? LogitTolerance, name);
    }

    public float[] Floats(string name) => Tensors.Floats(name);

    public static float[] Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return [.. tensor.detach().to(ScalarType.Float32).cpu().contiguous().data<float>()];
    }

    public void Dispose()
    {
        Ids.Dispose();
        Labels?.Dispose();
    }

    private Tensor Integers(string name) => tensor(Tensors.Integers(name), Tensors.Shape(name)).DetachFromDisposeScope();
}
