using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Data;

[Trait("Kind", "Golden")]
public sealed class GoldenMaskTests
{
    private const string Area = "sft";

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "masks")]
    public void Masks(GoldenEntry entry) => GoldenReport.Run(Area, $"masks/{entry.Name}", () =>
    {
        var golden = GoldenRoot.Json(GoldenRoot.File(Area, entry["folder"], "case.json"));
        var layout = LayoutOf(golden);
        var window = golden.GetProperty("sliding_window") is { ValueKind: JsonValueKind.Number } w ? w.GetInt32() : (int?)null;
        if (golden.GetProperty("returned").GetString() == "none")
        {
            // The reference leaves the mask out where only the future is hidden.
            Assert.True(layout.IsFull);
            return;
        }
        using var plan = new AttentionPlan(layout, CPU, ScalarType.Float32);
        var mask = plan.Mask(window)!;
        var values = mask.expand(layout.Rows, 1, 1, layout.Length, layout.Length).contiguous().data<float>().ToArray();
        Assert.All(values, v => Assert.True(v is 0 or float.MinValue));
        var row = 0;
        foreach (var queries in golden.GetProperty("visible").EnumerateArray())
        {
            var query = 0;
            foreach (var seen in queries.EnumerateArray())
            {
                var start = ((row * layout.Length) + query) * layout.Length;
                var actual = string.Concat(values.Skip(start).Take(layout.Length).Select(v => v == 0 ? '1' : '0'));
                Assert.True(seen.GetString() == actual, $"row {row}, query {query}: {actual}, expected {seen.GetString()}");
                query++;
            }
            row++;
        }
    });

    /// <summary>The documents that the reference reads out of positions (any step but +1 starts one), or out of a mask, which wins.</summary>
    private static AttentionLayout LayoutOf(JsonElement golden)
    {
        var (length, rows) = (golden.GetProperty("length").GetInt32(), golden.GetProperty("rows").GetInt32());
        if (golden.GetProperty("attention_mask") is { ValueKind: JsonValueKind.Array } mask)
            return new AttentionLayout(length, [.. mask.EnumerateArray().Select(r => Spans(length, (t) => r[t].GetInt32(), (before, now) => before != now, keep: v => v == 1))]);
        if (golden.GetProperty("position_ids") is { ValueKind: JsonValueKind.Array } positions)
            return new AttentionLayout(length, [.. positions.EnumerateArray().Select(r => Spans(length, (t) => r[t].GetInt32(), (before, now) => now != before + 1, keep: _ => true))]);
        return AttentionLayout.Full(rows, length);
    }

    private static List<DocumentSpan> Spans(int length, Func<int, int> value, Func<int, int, bool> starts, Func<int, bool> keep)
    {
        var spans = new List<DocumentSpan>();
        var start = 0;
        for (var t = 1; t <= length; t++)
        {
            if (t < length && !starts(value(t - 1), value(t))) continue;
            if (keep(value(start))) spans.Add(new DocumentSpan(start, t - start));
            start = t;
        }
        return spans;
    }
}
