using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Lora;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Qlora;

/// <summary>One case of golden/peft whose base is in 4 bits.</summary>
internal sealed class PeftCase
{
    public const string Area = "peft";

    public PeftCase(JsonElement entry)
    {
        Folder = GoldenRoot.File(Area, entry.GetProperty("path").GetString()!);
        Base = GoldenRoot.File(Area, entry.GetProperty("base").GetString()!);
        IsHalf = entry.GetProperty("base_dtype").GetString() == "bfloat16";
        Facts = GoldenRoot.Json(Path.Combine(Folder, "golden.json"));
        Tensors = new GoldenTensors(Path.Combine(Folder, "golden.safetensors"));
    }

    public string Folder { get; }

    public string Base { get; }

    public string Adapter => Path.Combine(Folder, "adapter");

    public bool IsHalf { get; }

    public JsonElement Facts { get; }

    public GoldenTensors Tensors { get; }

    public double LogitTolerance => IsHalf ? 0.15 : 5e-5;

    public double LossTolerance => IsHalf ? 0.02 : 1e-5;

    public double GradientTolerance => IsHalf ? 0.1 : 1e-4;

    public Tensor Ids => tensor(Tensors.Integers("input_ids"), Tensors.Shape("input_ids"));

    /// <summary>The options of the case's arguments, read as a file's would be.</summary>
    public LoraOptions Options => LoraOptions.FromConfiguration(JsonNode.Parse(Facts.GetProperty("arguments").GetRawText())!.AsObject());

    public CausalLanguageModel Load(string folder, QuantizationOptions? options = null)
    {
        var isDense = !GoldenRoot.Json(Path.Combine(folder, "config.json")).TryGetProperty("quantization_config", out _) && options is null;
        var model = CausalLanguageModel.Load(folder, load =>
        {
            load.Dtype = IsHalf ? ModelDtype.BFloat16 : ModelDtype.Float32;
            if (!isDense) load.QuantizeTo4Bit(options);
        });
        model.eval();
        return model;
    }

    public Tensor MeanLoss(CausalLanguageModel model)
    {
        var (ids, labels) = (Ids, tensor(Tensors.Integers("labels"), Tensors.Shape("labels")));
        var count = labels.narrow(1, 1, labels.shape[1] - 1).ne(TokenBatch.IgnoreLabel).sum().ToInt64();
        using var batch = new TokenBatch(ids, labels, AttentionLayout.Full((int)ids.shape[0], (int)ids.shape[1]), [.. Enumerable.Range(0, (int)ids.shape[0])], count);
        return model.ComputeLoss(batch).Value / count;
    }

    public void CheckLoss(CausalLanguageModel model, string name)
    {
        using var none = no_grad();
        Close.Absolute(Facts.GetProperty("loss").GetProperty(name).GetDouble(), MeanLoss(model).ToDouble(), LossTolerance, $"loss.{name}");
    }

    public void CheckLogits(CausalLanguageModel model, string name, double? tolerance = null)
    {
        using var none = no_grad();
        Close.Largest(Values(model.Forward(Ids)), Tensors.Floats(name), tolerance ?? LogitTolerance, name);
    }

    public void CheckTrainable(CausalLanguageModel model)
    {
        var expected = Facts.GetProperty("trainable");
        var actual = model.Lora().Trainable();
        Assert.Equal(
            expected.GetProperty("parameters").EnumerateArray().Select(p => $"{p.GetProperty("file_key")} {p.GetProperty("shape")} {p.GetProperty("count")}").Order(StringComparer.Ordinal),
            actual.Parameters.Select(p => $"{p.FileKey} [{string.Join(", ", p.Shape)}] {p.Count}").Order(StringComparer.Ordinal));
        Assert.Equal(expected.GetProperty("trainable_params").GetInt64(), actual.TrainableCount);
        Assert.Equal(expected.GetProperty("all_params").GetInt64(), actual.AllCount);
        Assert.Equal(expected.GetProperty("printed").GetString(), actual.ToString());
    }

    public void CheckTargets(LoraAdapter adapter) => Assert.Equal(
        Facts.GetProperty("targeted_modules").EnumerateArray().Select(t => new AdaptedLayer(
            t.GetProperty("module").GetString()!, t.GetProperty("r").GetInt32(), t.GetProperty("alpha").GetDouble(), t.GetProperty("scaling").GetDouble())),
        adapter.Layers);

    public void CheckGradients(CausalLanguageModel model)
    {
        var expected = Tensors.Names.Where(n => n.StartsWith("grad.", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        var keys = model.Lora().Trainable().Parameters.ToDictionary(p => p.Name, p => p.FileKey);
        Assert.Equal(expected, keys.Values.Select(k => $"grad.{k}").Order(StringComparer.Ordinal));
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (!parameter.requires_grad) Assert.True(parameter.grad is null, $"{name} is frozen but has a gradient");
            else Close.OfLargest(Values(parameter.grad!), Tensors.Floats($"grad.{keys[name]}"), GradientTolerance, keys[name]);
        }
    }

    public static float[] Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return [.. tensor.detach().to(ScalarType.Float32).contiguous().data<float>()];
    }
}

/// <summary>Gives a theory one row for each entry of a list in golden/peft's index.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeftCasesAttribute(string list, string? only = null) : Xunit.v3.DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker)
    {
        var rows = new List<ITheoryDataRow>();
        if (GoldenRoot.Has(PeftCase.Area) && GoldenRoot.Index(PeftCase.Area).TryGetProperty(list, out var entries))
            foreach (var entry in entries.EnumerateArray().Select(e => new GoldenEntry(PeftCase.Area, e)))
                if (only is null || Initialization(entry) == only) rows.Add(new TheoryDataRow<GoldenEntry>(entry) { TestDisplayName = $"{testMethod.Name}({entry})" });
        // A theory without any row counts as failed.
        if (rows.Count == 0) rows.Add(new TheoryDataRow<GoldenEntry>(null!) { Skip = "this golden folder has no such case" });
        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => false;

    private static string? Initialization(GoldenEntry entry)
    {
        var facts = Path.Combine(GoldenRoot.File(PeftCase.Area, entry["path"]), "golden.json");
        return File.Exists(facts) && GoldenRoot.Json(facts).GetProperty("arguments").TryGetProperty("init_lora_weights", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
    }
}
