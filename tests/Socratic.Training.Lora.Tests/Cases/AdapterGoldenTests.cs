using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Cases;

[Trait("Kind", "Golden")]
public sealed class AdapterGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases(Peft.Area)]
    public void A_loaded_adapter_computes_what_PEFT_computes(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        if (golden.Tensors.Has("logits_base")) golden.CheckLogits(model, "logits_base");
        var adapter = golden.Load(model, trainable: true);
        CheckTargets(golden.Facts.GetProperty("targeted_modules"), adapter);
        Assert.All(adapter.Warnings, w => Assert.Contains("target_modules", w, StringComparison.Ordinal)); // names that match nothing
        CheckTrainable(golden.Facts.GetProperty("trainable"), model);
        golden.CheckLogits(model, "logits");
        CheckLoss(golden, model, "adapter");
        CheckGradients(golden, model);
        using (model.DisableAdapter())
        {
            golden.CheckLogits(model, "logits_disabled");
            CheckLoss(golden, model, "disabled");
        }
        golden.CheckLogits(model, "logits");
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Peft.Area)]
    public void A_loaded_adapter_is_saved_again_with_the_same_bytes(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        var adapter = golden.Load(model);
        using var folder = new TemporaryFolder();
        adapter.Save(folder.Path);
        var (expected, actual) = (new GoldenTensors(Path.Combine(golden.AdapterFolder, AdapterReader.FileName)), new GoldenTensors(folder.File(AdapterReader.FileName)));
        var listed = golden.Facts.GetProperty("adapter_file").EnumerateArray().ToArray();
        Assert.Equal(listed.Select(t => t.GetProperty("key").GetString()!), actual.Names.Order(StringComparer.Ordinal));
        foreach (var tensor in listed)
        {
            var key = tensor.GetProperty("key").GetString()!;
            Assert.Equal(tensor.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()), actual.Shape(key));
            Assert.Equal(expected.Floats(key), actual.Floats(key));
        }
        if (listed.All(t => t.GetProperty("dtype").GetString() == "F32")) // half-precision files are loaded, and so saved, as float32
            Assert.Equal(File.ReadAllBytes(Path.Combine(golden.AdapterFolder, AdapterReader.FileName)), File.ReadAllBytes(folder.File(AdapterReader.FileName)));
        Assert.Equal(File.ReadAllText(Path.Combine(golden.AdapterFolder, AdapterConfig.FileName)), File.ReadAllText(folder.File(AdapterConfig.FileName)));
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Peft.Area)]
    public void A_new_adapter_has_the_names_and_the_files_of_PEFT(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        var adapter = model.AddLora(Peft.FromArguments(golden.Arguments).Options);
        CheckTargets(golden.Facts.GetProperty("targeted_modules"), adapter);
        CheckTrainable(golden.Facts.GetProperty("trainable"), model);
        using var folder = new TemporaryFolder();
        adapter.Save(folder.Path);
        Assert.Equal(
            Config(Path.Combine(golden.AdapterFolder, AdapterConfig.FileName), golden),
            Config(folder.File(AdapterConfig.FileName), golden));
        var written = new GoldenTensors(folder.File(AdapterReader.FileName));
        Assert.Equal(
            golden.Facts.GetProperty("adapter_file").EnumerateArray().Select(t => t.GetProperty("key").GetString()! + t.GetProperty("shape")),
            written.Names.Order(StringComparer.Ordinal).Select(n => $"{n}[{string.Join(", ", written.Shape(n))}]"));
    });

    [Theory(SkipTestWithoutData = true), PeftCases("init")]
    public void A_seed_gives_the_first_values_of_PEFT(GoldenEntry entry) => Run(entry, golden =>
    {
        using var model = golden.LoadBase();
        manual_seed(golden.Facts.GetProperty("init_seed").GetInt64());
        var adapter = model.AddLora(Peft.FromArguments(golden.Arguments).Options);
        Assert.Equal(golden.Tensors.Names.Count(n => n.StartsWith("init.", StringComparison.Ordinal)), adapter.Parameters.Count());
        var first = adapter.Parameters.ToDictionary(p => $"init.{p.FileKey}", p => p.Parameter);
        var residuals = golden.Tensors.Names.Where(n => n.StartsWith("residual.", StringComparison.Ordinal)).ToArray();
        if (residuals.Length == 0)
            foreach (var (key, parameter) in first) Close.Largest(GoldenCase.Values(parameter), golden.Floats(key), 1e-6, key);
        else
            foreach (var layer in adapter.Layers.Select(l => $"init.{AdapterNames.Prefix}{l.Path}")) // a decomposition may turn the signs of rows and columns
                Close.Largest(Product(first[$"{layer}.lora_A.weight"], first[$"{layer}.lora_B.weight"]), Product(golden, $"{layer}.lora_A.weight", $"{layer}.lora_B.weight"), 2e-5, layer);
        var weights = model.named_parameters().ToDictionary(p => p.name.Replace(".base_layer.", ".", StringComparison.Ordinal), p => p.parameter);
        foreach (var key in residuals) Close.Largest(GoldenCase.Values(weights[key["residual.".Length..]]), golden.Floats(key), 2e-5, key);
    });

    [Theory(SkipTestWithoutData = true), PeftCases("", Tensor = "residual.")]
    public void Loading_what_began_with_a_part_of_the_base_decomposes_it_again(GoldenEntry entry) => Run(entry, golden =>
    {
        var kind = golden.Tensors.Names.Any(n => n.StartsWith("reloaded_residual.", StringComparison.Ordinal)) ? "reloaded_residual." : "residual.";
        var residuals = golden.Tensors.Names.Where(n => n.StartsWith(kind, StringComparison.Ordinal)).ToArray();
        using var model = golden.LoadBase();
        golden.Load(model);
        var weights = model.named_parameters().ToDictionary(p => p.name.Replace(".base_layer.", ".", StringComparison.Ordinal), p => p.parameter);
        foreach (var key in residuals) Close.Largest(GoldenCase.Values(weights[key[kind.Length..]]), golden.Floats(key), 2e-5, key);
    });

    [Theory(SkipTestWithoutData = true), PeftCases("converted")]
    public void A_converted_adapter_computes_the_same_on_the_base_as_it_was(GoldenEntry entry) => Run(entry, golden =>
    {
        var converted = Path.Combine(golden.Folder, "adapter_converted");
        using var plain = golden.LoadBase();
        CheckTargets(golden.Facts.GetProperty("converted").GetProperty("targeted_modules"), plain.LoadAdapter(converted));
        golden.CheckLogits(plain, "logits_converted");

        using var model = golden.LoadBase();
        using var folder = new TemporaryFolder();
        var live = golden.Load(model);
        live.SaveConverted(folder.Path);
        Assert.Equal(
            File.ReadAllText(Path.Combine(converted, AdapterConfig.FileName)).Replace("\"inference_mode\": false", "\"inference_mode\": true", StringComparison.Ordinal),
            File.ReadAllText(folder.File(AdapterConfig.FileName)));
        using var again = golden.LoadBase();
        again.LoadAdapter(folder.Path);
        golden.CheckLogits(again, "logits");
        if (!golden.Tensors.Names.Any(n => n.StartsWith("reloaded_residual.", StringComparison.Ordinal))) golden.CheckLogits(again, "logits_in_memory");
    });

    private static float[] Product(Tensor a, Tensor b) => GoldenCase.Values(b.mm(a));

    private static float[] Product(GoldenCase golden, string a, string b)
        => Product(tensor(golden.Floats(a), golden.Tensors.Shape(a)), tensor(golden.Floats(b), golden.Tensors.Shape(b)));

    internal static void Run(GoldenEntry entry, Action<GoldenCase> check)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(entry);
        // Outside the report: the case is told of where it is tested.
        Unsupported.Skip(golden);
        GoldenReport.Run(Peft.Area, entry.Name, () => check(golden));
    }

    private static void CheckTargets(JsonElement expected, LoraAdapter adapter)
        => Assert.Equal(
            expected.EnumerateArray().Select(t => new AdaptedLayer(
                t.GetProperty("module").GetString()!, t.GetProperty("r").GetInt32(), t.GetProperty("alpha").GetDouble(), t.GetProperty("scaling").GetDouble())),
            adapter.Layers);

    private static void CheckTrainable(JsonElement expected, CausalLanguageModel model)
    {
        var actual = model.Lora().Trainable();
        string Line(string name, string key, IEnumerable<long> shape, long count, string dtype) => $"{name} {key} [{string.Join(", ", shape)}] {count} {dtype}";
        var types = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.dtype.ToString().ToLowerInvariant());
        foreach (var (_, name) in model.Lora().All.Values.SelectMany(a => a.Aliases)) types.Add(name, "float32");
        Assert.Equal(
            expected.GetProperty("parameters").EnumerateArray().Select(p => Line(
                p.GetProperty("name").GetString()!, p.GetProperty("file_key").GetString()!, p.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()),
                p.GetProperty("count").GetInt64(), p.GetProperty("dtype").GetString()!)).Order(StringComparer.Ordinal),
            actual.Parameters.Select(p => Line(AdapterNames.Prefix + p.Name, p.FileKey, p.Shape, p.Count, types[p.Name])).Order(StringComparer.Ordinal));
        Assert.Equal(expected.GetProperty("trainable_params").GetInt64(), actual.TrainableCount);
        Assert.Equal(expected.GetProperty("all_params").GetInt64(), actual.AllCount);
        Assert.Equal(expected.GetProperty("printed").GetString(), actual.ToString());
    }

    private static void CheckLoss(GoldenCase golden, CausalLanguageModel model, string name)
    {
        using var none = no_grad();
        Close.Absolute(golden.Facts.GetProperty("loss").GetProperty(name).GetDouble(), golden.MeanLoss(model).ToDouble(), golden.LossTolerance, $"loss.{name}");
    }

    private static void CheckGradients(GoldenCase golden, CausalLanguageModel model)
    {
        golden.MeanLoss(model).backward();
        CheckGradients(golden, model, "grad");
    }

    /// <summary>Every trained parameter's gradient, and that frozen ones have none.</summary>
    internal static void CheckGradients(GoldenCase golden, CausalLanguageModel model, string kind)
    {
        var keys = model.Lora().Trainable().Parameters.ToDictionary(p => p.Name, p => p.FileKey);
        var expected = golden.Tensors.Names.Where(n => n.StartsWith(kind + ".", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(expected, keys.Values.Select(k => $"{kind}.{k}").Order(StringComparer.Ordinal));
        // A tied head's adapter is the embedding's the other way round: PEFT has a gradient for each side, ours is their sum.
        var aliases = model.Lora().All.Values.SelectMany(a => a.Aliases).Select(a => a.Alias).Reverse().ToArray();
        var parameters = model.named_parameters().Where(p => p.parameter.requires_grad).ToArray();
        for (var i = 0; i < parameters.Length; i++)
        {
            var (name, parameter) = parameters[i];
            var key = $"{kind}.{keys[name]}";
            var values = golden.Floats(key);
            if (name.Contains("lora_embedding", StringComparison.Ordinal) && aliases.Length > 0)
            {
                var other = tensor(golden.Floats($"{kind}.{aliases[i].FileKey}"), aliases[i].Tensor.shape).t();
                values = [.. values.Zip(GoldenCase.Values(other), (a, b) => a + b)];
            }
            Close.OfLargest(GoldenCase.Values(parameter.grad!), values, golden.GradientTolerance, key);
        }
        foreach (var (name, parameter) in model.named_parameters().Where(p => !p.parameter.requires_grad)) Assert.True(parameter.grad is null, $"{name} is frozen but has a gradient");
    }

    /// <summary>
    /// A configuration with its set in order, a single layer or pattern as a list of one (options do not tell them apart), and without the base's path,
    /// which is a relative one in the golden files.
    /// </summary>
    private static string Config(string file, GoldenCase golden)
        => Peft.InOrder(File.ReadAllBytes(file), "layers_to_transform", "layers_pattern").Replace($"\"{golden.BaseFolder}\"", $"\"{golden.Facts.GetProperty("base").GetString()}\"", StringComparison.Ordinal);
}
