using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;

namespace Socratic.Training.Tests.Data;

[Trait("Kind", "Golden")]
public sealed class GoldenCollatorTests
{
    private const string Area = "sft";

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "collator")]
    public void Collates(GoldenEntry entry) => GoldenReport.Run(Area, $"collator/{entry.Name}", () =>
    {
        var golden = GoldenRoot.Json(GoldenRoot.File(Area, entry["folder"], "case.json"));
        var options = golden.GetProperty("options");
        if (golden.GetProperty("collator").GetString() != "DataCollatorForLanguageModeling") Assert.Skip("Preference pairs come with preference training.");
        if (options.TryGetProperty("padding_free", out var free) && free.GetBoolean()) Assert.Skip("Packing comes with the trainer's options for it.");

        var rows = golden.GetProperty("rows").EnumerateArray().Select(r => new TokenRow(Numbers(r.GetProperty("input_ids")), Numbers(r.GetProperty(r.TryGetProperty("labels", out _) ? "labels" : "input_ids")))).ToList();
        var multiple = options.TryGetProperty("pad_to_multiple_of", out var m) ? m.GetInt32() : 1;
        using var batch = new TokenRows(rows, options.GetProperty("pad_token_id").GetInt32(), multiple).Collate([.. Enumerable.Range(0, rows.Count)]);
        var expected = golden.GetProperty("batch");
        Assert.Equal(expected.GetProperty("input_ids").EnumerateArray().SelectMany(Numbers), batch.InputIds.data<long>().Select(v => (int)v));
        Assert.Equal(expected.GetProperty("labels").EnumerateArray().SelectMany(Numbers), batch.Labels.data<long>().Select(v => (int)v));
        Assert.Equal(expected.GetProperty("attention_mask").EnumerateArray().SelectMany(Numbers), Mask(batch));
    });

    private static IEnumerable<int> Mask(TokenBatch batch)
        => Enumerable.Range(0, batch.Count).SelectMany(row => Enumerable.Range(0, batch.Length).Select(t => batch.Attention.Documents(row).Any(d => t >= d.Start && t < d.Start + d.Length) ? 1 : 0));

    private static int[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetInt32())];
}
