using System.Text.Json;

namespace Socratic.Training.Data.Reading;

/// <summary>Reads rows that were tokenized already: <c>input_ids</c>, with <c>labels</c> or masks (<c>completion_mask</c>, <c>assistant_masks</c>) of the same length.</summary>
internal static class TokenRowParser
{
    public static DataRow? Parse(DataRow row, JsonElement root, RowContext context)
    {
        if (context.Numbers(root.GetProperty("input_ids"), "input_ids") is not { } ids) return null;
        if (ids.Length == 0)
        {
            context.Add("input_ids", "empty_content", "holds no tokens.");
            return null;
        }
        if (!TryColumn("labels", out var labels) | !TryColumn("completion_mask", out var completion) | !TryColumn("assistant_masks", out var assistant)) return null;
        bool[]? mask = completion is null && assistant is null ? null : [.. ids.Select((_, i) => completion?[i] != 0 && assistant?[i] != 0)];
        return row with { Tokens = new TokenRow(ids, labels ?? ids), Mask = labels is null ? mask : null };

        bool TryColumn(string key, out int[]? column)
        {
            column = null;
            if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) return true;
            if (context.Numbers(value, key) is not { } numbers) return false;
            if (numbers.Length != ids.Length)
            {
                context.Add(key, "wrong_length", $"has {numbers.Length} entries, but input_ids has {ids.Length}.");
                return false;
            }
            column = numbers;
            return true;
        }
    }
}
