using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Layers;
using Socratic.Training.Models;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

[Trait("Kind", "Golden")]
public sealed class GoldenConfigurationTests : IDisposable
{
    private const string Area = GoldenModelCase.Area;
    private readonly string folder = Directory.CreateTempSubdirectory("models-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Other_configurations_over_the_same_weights_agree(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        foreach (var variant in golden.Json.GetProperty("config_variants").EnumerateObject())
        {
            var place = Directory.CreateDirectory(Path.Combine(folder, variant.Name)).FullName;
            foreach (var file in Directory.EnumerateFiles(golden.Folder, "model*.safetensors*")) File.Copy(file, Path.Combine(place, Path.GetFileName(file)));
            File.Copy(Path.Combine(golden.Folder, variant.Value.GetProperty("file").GetString()!), Path.Combine(place, "config.json"));
            using var model = CausalLanguageModel.Load(place);
            using var none = no_grad();
            using var ids = golden.Ids("full.input_ids");
            using var logits = model.Forward(ids);
            golden.StatesAgree(variant.Value.GetProperty("same_as_main").GetBoolean() ? "full.logits" : $"variant.{variant.Name}.logits", logits, golden.IsReal("full"));
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Rotary_tables_and_windows_agree(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        var specification = ModelFamilies.Read(ConfigurationReader.Open(Path.Combine(golden.Folder, "config.json")));
        Assert.Equal(golden.Json.GetProperty("layer_types").EnumerateArray().Select(t => t.GetString()), specification.Layers.Select(Kind));
        foreach (var kind in golden.Json.GetProperty("rope").EnumerateObject())
        {
            using var scope = NewDisposeScope();
            var rotary = specification.Layers.First(l => kind.Name == "all" || Kind(l) == kind.Name).Rotary;
            RelativeAgree(golden.Values.Floats($"rope.{kind.Name}.inv_freq"), GoldenModelCase.Floats(RotaryTable.InverseFrequencies(rotary)), 3e-7, $"rope.{kind.Name}.inv_freq");
            using var table = new RotaryTable(rotary, CPU);
            var positions = golden.Values.Integers("rope.positions");
            var (cos, sin) = table.For(positions.Max() + 1);
            var rows = tensor(positions);
            Close.Largest(GoldenModelCase.Floats(cos.index_select(0, rows)), golden.Values.Floats($"rope.{kind.Name}.cos"), 2e-7, $"rope.{kind.Name}.cos");
            Close.Largest(GoldenModelCase.Floats(sin.index_select(0, rows)), golden.Values.Floats($"rope.{kind.Name}.sin"), 2e-7, $"rope.{kind.Name}.sin");
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "configs")]
    public void Published_configurations_give_the_published_parameters(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var index = GoldenRoot.Json(GoldenRoot.File(Area, entry["path"], "golden.json"));
        foreach (var listed in index.GetProperty("models").EnumerateArray())
        {
            var name = listed.GetProperty("file").GetString()!;
            var model = GoldenRoot.Json(GoldenRoot.File(Area, entry["path"], name));
            var config = Path.Combine(folder, "config.json");
            File.WriteAllText(config, model.GetProperty("config").GetRawText());
            var specification = ModelFamilies.Read(ConfigurationReader.Open(config));
            var expected = model.GetProperty("parameters").EnumerateObject().Select(p => $"{p.Name} {string.Join(",", p.Value.EnumerateArray())}");
            Assert.Equal(expected.Order(), WeightNames.Of(specification).Select(w => $"{w.Name} {string.Join(",", w.Shape)}").Order());
            var count = WeightNames.Of(specification).Sum(w => w.Shape.Aggregate(1L, (a, b) => a * b));
            Assert.Equal(model.GetProperty("parameter_count").GetInt64(), count);
            Assert.Equal(listed.GetProperty("parameter_count").GetInt64(), count);
            CountsAgree(model, count);
            Assert.Equal(specification.TiedHead ? [$"{WeightNames.Head} {WeightNames.Embedding}"] : [], model.GetProperty("tied").EnumerateObject().Select(p => $"{p.Name} {p.Value}"));
            Assert.Equal(model.GetProperty("layer_types").EnumerateArray().Select(t => t.GetString()), specification.Layers.Select(Kind));
            foreach (var kind in model.GetProperty("rope_inv_freq").EnumerateObject())
            {
                using var inverse = RotaryTable.InverseFrequencies(specification.Layers.First(l => kind.Name == "inv_freq" || kind.Name == $"{Kind(l)}_inv_freq").Rotary);
                RelativeAgree([.. kind.Value.EnumerateArray().Select(v => v.GetSingle())], GoldenModelCase.Floats(inverse), 3e-7, $"{name}: rope_inv_freq.{kind.Name}");
            }
        }
    });

    private static void CountsAgree(JsonElement model, long count)
    {
        var config = model.GetProperty("config");
        var head = model.GetProperty("tied").EnumerateObject().Any() ? config.GetProperty("vocab_size").GetInt64() * config.GetProperty("hidden_size").GetInt64() : 0;
        Assert.Equal(model.GetProperty("parameter_count_if_the_tied_head_is_stored_too").GetInt64(), count + head);
        Assert.Equal(model.GetProperty("bytes_bf16").GetInt64(), 2 * count);
        Assert.Equal(model.GetProperty("bytes_fp32").GetInt64(), 4 * count);
    }

    private static string Kind(DecoderLayerSpecification layer) => layer.Window is null ? "full_attention" : "sliding_attention";

    private static void RelativeAgree(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Close.Relative(expected[i], actual[i], tolerance, $"{what}[{i}]");
    }
}
