using System.Text.Json;
using Socratic.Training;
using Socratic.Training.Data;

namespace Socratic.Benchmarks;

/// <summary>The rows of a folder made by the peers' <c>make_bench_model.py</c>, repeated in file order as often as needed.</summary>
internal static class BenchRows
{
    public static TokenRow[] Read(string model, int count)
    {
        using var file = File.OpenRead(Path.Combine(model, "rows.json"));
        using var json = JsonDocument.Parse(file);
        var rows = json.RootElement.EnumerateArray().Select(row => new TokenRow(Numbers(row, "input_ids"), Numbers(row, "labels"))).ToArray();
        return [.. Enumerable.Range(0, count).Select(i => rows[i % rows.Length])];
    }

    private static int[] Numbers(JsonElement row, string key) => [.. row.GetProperty(key).EnumerateArray().Select(n => n.GetInt32())];
}
