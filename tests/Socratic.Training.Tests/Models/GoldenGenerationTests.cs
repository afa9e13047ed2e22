using System.Globalization;
using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Models.Generation;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Models;

[Trait("Kind", "Golden")]
public sealed class GoldenGenerationTests
{
    private const string Area = GoldenModelCase.Area;
    private const string Penalty = "repetition_penalty_";

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Tokens_are_those_of_the_reference_side_by_side_and_one_by_one(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        using var model = golden.Load();
        var generation = golden.Json.GetProperty("generation");
        var prompts = Lists(generation.GetProperty("prompts"));
        var pad = generation.GetProperty("pad_token_id").GetInt32();
        Assert.Equal([generation.GetProperty("eos_token_id").GetInt32()], model.Config.StopIds);
        foreach (var run in generation.GetProperty("runs").EnumerateObject())
        {
            var options = Options(run, generation);
            var together = model.GenerateBatch(prompts, options);
            var width = together.Max(row => row.Count);
            Assert.Equal(Lists(run.Value.GetProperty("batched")), together.Select(row => row.Concat(Enumerable.Repeat(pad, width - row.Count)).ToList()));
            Assert.Equal(Lists(run.Value.GetProperty("one_by_one")), prompts.Select(p => model.Generate(p, options).ToList()));
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "model")]
    public void Raw_logits_on_the_way_agree(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var golden = new GoldenModelCase(entry);
        using var model = golden.Load();
        var generation = golden.Json.GetProperty("generation");
        var prompts = Lists(generation.GetProperty("prompts"));
        foreach (var run in generation.GetProperty("runs").EnumerateObject().Where(r => golden.Values.Has($"generation.{r.Name}.top5_ids")))
        {
            var name = $"generation.{run.Name}.top5_raw_logits";
            var ids = golden.Values.Integers($"generation.{run.Name}.top5_ids");
            var got = new float[ids.Length];
            var (steps, best) = (golden.Values.Shape(name)[1], golden.Values.Shape(name)[2]);
            using var session = model.StartGeneration(prompts, Options(run, generation), (step, rows, logits) =>
            {
                var values = GoldenModelCase.Floats(logits);
                var likeliest = GoldenModelCase.Longs(logits.topk((int)best).indexes);
                for (var row = 0; row < rows.Count; row++)
                {
                    for (var i = 0; i < best; i++)
                    {
                        var at = (rows[row] * steps + step) * best + i;
                        got[at] = values[row * logits.shape[1] + ids[at]];
                        Assert.Equal(ids[at], likeliest[row * best + i]);
                    }
                }
            });
            while (session.Step())
            {
            }
            var expected = golden.Values.Floats(name);
            Close.RelativeL2(got, expected, GoldenModelCase.StateL2, name);
            Close.OfLargest(got, expected, GoldenModelCase.StateLargest, name);
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "sampling")]
    public void Filters_keep_and_weigh_what_the_reference_does(GoldenEntry entry) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var folder = GoldenRoot.File(Area, entry["path"]);
        var values = new GoldenTensors(Path.Combine(folder, "golden.safetensors"));
        var kept = GoldenRoot.Json(Path.Combine(folder, "golden.json")).GetProperty("kept_tokens");
        var shape = values.Shape("raw_logits");
        using var scope = NewDisposeScope();
        var seen = zeros(shape, ScalarType.Bool).scatter_(1, tensor(values.Integers("context_ids"), values.Shape("context_ids")), ones(values.Shape("context_ids"), ScalarType.Bool));
        foreach (var name in values.Names.Where(n => n.StartsWith("processed.", StringComparison.Ordinal)).Select(n => n["processed.".Length..]))
        {
            var processed = new LogitsFilter(Named(name)).Apply(tensor(values.Floats("raw_logits"), shape), seen);
            Equal(values.Floats($"processed.{name}"), GoldenModelCase.Floats(processed), $"processed.{name}");
            Equal(values.Floats($"probabilities.{name}"), GoldenModelCase.Floats(processed.softmax(-1)), $"probabilities.{name}");
            var counts = GoldenModelCase.Longs(processed.isfinite().sum(1L));
            Assert.Equal(kept.GetProperty(name).EnumerateArray().Select(c => c.GetInt64()), counts);
        }
    });

    private static GenerationOptions Options(JsonProperty run, JsonElement generation) => new()
    {
        MaxNewTokens = generation.GetProperty("max_new_tokens").GetInt32(),
        RepetitionPenalty = run.Name.StartsWith(Penalty, StringComparison.Ordinal) ? double.Parse(run.Name[Penalty.Length..], CultureInfo.InvariantCulture) : 1,
        StopIds = run.Value.TryGetProperty("eos_token_id", out var stops) ? [.. stops.EnumerateArray().Select(s => s.GetInt32())] : null,
    };

    /// <summary>The parameters stand in the name; <c>all</c> is all five.</summary>
    private static GenerationOptions Named(string name)
    {
        if (name == "all") name = "repetition_penalty_1.2_temperature_0.7_top_k_20_top_p_0.9_min_p_0.05";
        double Number(string key, double otherwise)
        {
            var at = name.IndexOf(key, StringComparison.Ordinal);
            return at < 0 ? otherwise : double.Parse(name[(at + key.Length)..].Split('_')[0], CultureInfo.InvariantCulture);
        }
        return new GenerationOptions
        {
            Temperature = Number("temperature_", 1), TopK = (int)Number("top_k_", 0), TopP = Number("top_p_", 1), MinP = Number("min_p_", 0), RepetitionPenalty = Number(Penalty, 1),
        };
    }

    private static void Equal(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Close.Relative(expected[i], actual[i], 1e-6, $"{what}[{i}]");
    }

    private static List<List<int>> Lists(JsonElement json) => [.. json.EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToList())];
}
