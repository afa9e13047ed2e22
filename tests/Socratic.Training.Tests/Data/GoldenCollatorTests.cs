using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Data.Packing;

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
        var rows = golden.GetProperty("rows").EnumerateArray().Select(r => new TokenRow(Numbers(r.GetProperty("input_ids")), Numbers(r.GetProperty(r.TryGetProperty("labels", out _) ? "labels" : "input_ids")))).ToList();
        var multiple = options.TryGetProperty("pad_to_multiple_of", out var m) ? m.GetInt32() : 1;
        var padId = options.GetProperty("pad_token_id").GetInt32();
        IDataset<TokenBatch> dataset = options.TryGetProperty("padding_free", out var free) && free.GetBoolean()
            ? new PackedRows(rows, int.MaxValue / 2, PackingStrategy.BestFit, padId, multiple, null, [.. golden.GetProperty("rows").EnumerateArray().Select(Pieces)])
            : new TokenRows(rows, padId, multiple);
        using var batch = dataset.Collate([.. Enumerable.Range(0, rows.Count)]);
        var expected = golden.GetProperty("batch");
        Assert.Equal(expected.GetProperty("input_ids").EnumerateArray().SelectMany(Numbers), batch.InputIds.data<long>().Select(v => (int)v));
        Assert.Equal(expected.GetProperty("labels").EnumerateArray().SelectMany(Numbers), batch.Labels.data<long>().Select(v => (int)v));
        if (expected.TryGetProperty("attention_mask", out var mask)) Assert.Equal(mask.EnumerateArray().SelectMany(Numbers), Mask(batch));
        if (expected.TryGetProperty("position_ids", out var positions)) Assert.Equal(positions.EnumerateArray().SelectMany(Numbers), Positions(batch));
        Assert.Equal(rows.Count, batch.Count);
    });

    private static PackPiece[] Pieces(JsonElement row, int index)
    {
        var lengths = row.TryGetProperty("seq_lengths", out var given) ? Numbers(given) : [row.GetProperty("input_ids").GetArrayLength()];
        return [.. lengths.Select((n, i) => new PackPiece(index, lengths[..i].Sum(), n))];
    }

    // The reference counts each padded position as a document of its own, at position 0.
    private static int[] Positions(TokenBatch batch)
    {
        var positions = new int[batch.Length];
        foreach (var document in batch.Attention.Documents(0)) for (var i = 0; i < document.Length; i++) positions[document.Start + i] = i;
        return positions;
    }

    private static IEnumerable<int> Mask(TokenBatch batch)
        => Enumerable.Range(0, batch.Attention.Rows).SelectMany(row => Enumerable.Range(0, batch.Length).Select(t => batch.Attention.Documents(row).Any(d => t >= d.Start && t < d.Start + d.Length) ? 1 : 0));

    private static int[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(v => v.GetInt32())];
}
