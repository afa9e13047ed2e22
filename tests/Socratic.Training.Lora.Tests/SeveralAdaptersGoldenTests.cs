using Socratic.Testing.Golden;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Tests.Cases;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests;

[Trait("Kind", "Golden")]
public sealed class SeveralAdaptersGoldenTests
{
    [Fact]
    public void Adapters_are_switched_and_add_up() => Run((golden, model) =>
    {
        Stack(golden, model);
        var adapters = model.Lora();
        Assert.Equal(golden.Facts.GetProperty("active_after_loading").EnumerateArray().Select(a => a.GetString()!), adapters.Active);
        foreach (var key in golden.Tensors.Names.Where(n => n.StartsWith("logits.", StringComparison.Ordinal)))
        {
            var names = key["logits.".Length..].Split('+');
            if (!names.All(adapters.All.ContainsKey)) continue;
            adapters.SetActive(names);
            golden.CheckLogits(model, key);
            using (model.DisableAdapter()) golden.CheckLogits(model, "logits.disabled");
        }
    });

    [Fact]
    public void Switching_changes_what_is_trained() => Run((golden, model) =>
    {
        var a = golden.Facts.GetProperty("adapters").EnumerateObject().First().Name;
        foreach (var step in golden.Facts.GetProperty("switching").EnumerateArray())
        {
            Do(step.GetProperty("after").GetString()!, golden, model);
            Assert.Equal(step.GetProperty("active").EnumerateArray().Select(x => x.GetString()!), model.Lora().Active);
            Assert.Equal(
                step.GetProperty("trainable").EnumerateArray().Select(x => x.GetString()!),
                model.Lora().Trainable().Parameters.Select(p => AdapterNames.Prefix + p.Name).Where(n => n.Contains(".q_proj.", StringComparison.Ordinal) && n.Contains(".0.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }
        Assert.Equal([a], model.Lora().All.Keys);
    });

    [Fact]
    public void Weighted_adapters_are_those_of_PEFT() => Run((golden, model) =>
    {
        Stack(golden, model);
        var adapters = model.Lora();
        foreach (var entry in golden.Facts.GetProperty("weighted").EnumerateObject())
        {
            var settings = entry.Value;
            var names = settings.GetProperty("adapters").EnumerateArray().Select(n => n.GetString()!);
            var weights = names.Zip(settings.GetProperty("weights").EnumerateArray().Select(w => w.GetDouble())).ToDictionary(w => w.First, w => w.Second);
            var kind = Kind(settings.GetProperty("combination_type").GetString()!);
            int? rank = settings.TryGetProperty("svd_rank", out var given) ? given.GetInt32() : null;
            var adapter = adapters.AddWeighted(entry.Name, weights, kind, rank);
            // PEFT's new adapter inherits rsLoRA from the first, and with it a wrong scale; ours has scale 1, and its logits are those of the corrected one.
            var inherits = settings.GetProperty("use_rslora").GetBoolean();
            Assert.Equal((settings.GetProperty("r").GetInt32(), settings.GetProperty("lora_alpha").GetDouble(), false), (adapter.Options.Rank, adapter.Options.Alpha, adapter.Options.UseRsLora));
            Assert.Equal(settings.GetProperty("target_modules").EnumerateArray().Select(t => t.GetString()!), adapter.Options.TargetModules!.Order(StringComparer.Ordinal));
            Assert.Equal(
                settings.GetProperty("layers").EnumerateArray().Select(l => new AdaptedLayer(
                    l.GetProperty("module").GetString()!, l.GetProperty("r").GetInt32(), l.GetProperty("alpha").GetDouble(), inherits ? 1 : l.GetProperty("scaling").GetDouble())).OrderBy(l => l.Path, StringComparer.Ordinal),
                adapter.Layers.OrderBy(l => l.Path, StringComparer.Ordinal));
            adapters.SetActive(entry.Name);
            golden.CheckLogits(model, inherits ? $"logits.{entry.Name}_with_scale_1" : $"logits.{entry.Name}");
            CheckFactors(golden, entry.Name, adapter, weights.Count > 1 && kind == CombinationKind.SingularValues);
        }
    });

    [Fact]
    public void Merging_several_gives_what_PEFT_gives() => Run((golden, model) =>
    {
        Stack(golden, model);
        var adapters = model.Lora();
        adapters.Merge(["a"]);
        Assert.Equal(golden.Facts.GetProperty("merged_adapters_of_q_proj").EnumerateArray().Select(x => x.GetString()!), adapters.Merged);
        golden.CheckLogits(model, "logits.merged_a_in_place");
        adapters.Merge(["b"]);
        golden.CheckLogits(model, "logits.merged_a_and_b_in_place");
        var weights = model.named_parameters().ToDictionary(p => p.name.Replace(".base_layer.", ".", StringComparison.Ordinal), p => p.parameter);
        const string merged = "merged.a_then_b.";
        foreach (var key in golden.Tensors.Names.Where(n => n.StartsWith(merged, StringComparison.Ordinal)))
            Close.Largest(GoldenCase.Values(weights[key[merged.Length..]]), golden.Floats(key), 1e-6, key);
        adapters.Unmerge();
        golden.CheckLogits(model, "logits.after_unmerge");
        adapters.Merge(["a"]);
        adapters.SetActive("b");
        golden.CheckLogits(model, "logits.b_after_switch_from_merged");
        adapters.SetActive("a", "b");
        adapters.MergeAndUnload();
        golden.CheckLogits(model, "logits.merged_a_then_b");
    });

    [Fact]
    public void Folders_of_several_adapters_are_those_of_PEFT() => Run((golden, model) =>
    {
        using var folder = new TemporaryFolder();
        model.LoadAdapter(Path.Combine(golden.Folder, "a"));
        model.LoadAdapter(Path.Combine(golden.Folder, "b"), "b");
        model.Lora().Save(folder.File("saved_default_and_b"));
        var root = golden.Facts.GetProperty("saved_files").EnumerateArray().Select(f => f.GetString()!).Where(f => f.StartsWith("saved_default", StringComparison.Ordinal)).ToArray();
        Assert.Equal(root, Directory.GetFiles(folder.Path, "adapter_*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder.Path, f)).Order(StringComparer.Ordinal));
        foreach (var file in root) Assert.Equal(File.ReadAllBytes(Path.Combine(golden.Folder, file)), File.ReadAllBytes(folder.File(file)));

        // and what PEFT saved of a combination is what ours saves of it
        using var other = golden.LoadBase();
        Stack(golden, other);
        var weights = golden.Facts.GetProperty("weighted").GetProperty("cat").GetProperty("weights").EnumerateArray().Select(w => w.GetDouble()).ToArray();
        other.Lora().AddWeighted("cat", new Dictionary<string, double> { ["a"] = weights[0], ["b"] = weights[1], ["c"] = weights[2] }, CombinationKind.Concatenate).Save(folder.File("cat"));
        Assert.Equal(
            Peft.InOrder(File.ReadAllBytes(Path.Combine(golden.Folder, "saved_cat", "cat", AdapterConfig.FileName))),
            Peft.InOrder(File.ReadAllBytes(folder.File("cat", AdapterConfig.FileName))).Replace($"\"{golden.BaseFolder}\"", $"\"{golden.Facts.GetProperty("base").GetString()}\"", StringComparison.Ordinal));
        var (expected, actual) = (new GoldenTensors(Path.Combine(golden.Folder, "saved_cat", "cat", AdapterReader.FileName)), new GoldenTensors(folder.File("cat", AdapterReader.FileName)));
        Assert.Equal(expected.Names, actual.Names);
        foreach (var name in expected.Names) Close.Largest(actual.Floats(name), expected.Floats(name), 1e-6, name);
    });

    private static void CheckFactors(GoldenCase golden, string name, LoraAdapter adapter, bool productOnly)
    {
        var own = adapter.Parameters.ToDictionary(p => $"combined.{name}.{p.Path}.{p.Template.Split('.')[0]}", p => p.Parameter);
        Assert.Equal(golden.Tensors.Names.Where(n => n.StartsWith($"combined.{name}.", StringComparison.Ordinal)).Order(StringComparer.Ordinal), own.Keys.Order(StringComparer.Ordinal));
        foreach (var layer in adapter.Layers.Select(l => $"combined.{name}.{l.Path}"))
        {
            var (a, b) = (Golden(golden, $"{layer}.lora_A"), Golden(golden, $"{layer}.lora_B"));
            if (productOnly)
            {
                Close.Largest(GoldenCase.Values(own[$"{layer}.lora_B"].mm(own[$"{layer}.lora_A"])), GoldenCase.Values(b.mm(a)), 2e-5, layer);
                continue;
            }
            Close.Largest(GoldenCase.Values(own[$"{layer}.lora_A"]), GoldenCase.Values(a), 1e-6, layer);
            Close.Largest(GoldenCase.Values(own[$"{layer}.lora_B"]), GoldenCase.Values(b), 1e-6, layer);
        }
    }

    private static Tensor Golden(GoldenCase golden, string name) => tensor(golden.Floats(name), golden.Tensors.Shape(name));

    private static CombinationKind Kind(string name) => name switch
    {
        "linear" => CombinationKind.Linear,
        "cat" => CombinationKind.Concatenate,
        "svd" => CombinationKind.SingularValues,
        _ => throw new InvalidDataException(name),
    };

    /// <summary>Does what a step of the golden list says: load_adapter b, set_adapter [a, b], delete_adapter b.</summary>
    private static void Do(string step, GoldenCase golden, CausalLanguageModel model)
    {
        foreach (var call in step.Replace("[a, b]", "[a;b]", StringComparison.Ordinal).Split(", ").Where(c => c != "trainable"))
        {
            var (verb, argument) = (call.Split(' ')[0], call.Split(' ')[1]);
            switch (verb)
            {
                case "from_pretrained" or "load_adapter": model.LoadAdapter(Path.Combine(golden.Folder, argument), argument, trainable: true); break;
                case "set_adapter": model.Lora().SetActive(argument.Trim('[', ']').Split(';')); break;
                case "delete_adapter": model.Lora().Delete(argument); break;
                default: throw new InvalidDataException(step);
            }
        }
    }

    private static void Stack(GoldenCase golden, CausalLanguageModel model)
    {
        foreach (var adapter in golden.Facts.GetProperty("adapters").EnumerateObject()) model.LoadAdapter(Path.Combine(golden.Folder, adapter.Name), adapter.Name);
    }

    private static void Run(Action<GoldenCase, CausalLanguageModel> check) => GoldenReport.Run(Peft.Area, "multi", () =>
    {
        using var scope = NewDisposeScope();
        var folder = Path.GetRelativePath(Peft.File(), Peft.Other("several_adapters"));
        var facts = GoldenRoot.Json(Peft.File(folder, "golden.json"));
        using var golden = new GoldenCase(folder, facts.GetProperty("base").GetString()!, "float32");
        using var model = golden.LoadBase();
        check(golden, model);
    });
}
