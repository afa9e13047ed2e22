namespace Socratic.Training.Safetensors;

/// <summary>The tensors' bytes lie end to end from the start of the data to the end of the file: no hole, no overlap, no rest.</summary>
internal static class SpanRules
{
    public static void Check(string path, IEnumerable<SafetensorsEntry> entries, long dataStart, long dataLength)
    {
        var at = dataStart;
        foreach (var entry in entries.OrderBy(e => e.Offset).ThenBy(e => e.Length))
        {
            if (entry.Offset != at)
            {
                var expected = $"byte {at - dataStart}, where the data before it ends";
                throw new SafetensorsException(path, entry.Name, $"data that begins at byte {entry.Offset - dataStart}", expected);
            }
            at += entry.Length;
        }
        if (at - dataStart != dataLength)
        {
            var cause = at - dataStart > dataLength ? " (is the file truncated?)" : "";
            throw new SafetensorsException(path, null, $"{dataLength} bytes of data", $"{at - dataStart}, as the offsets say{cause}");
        }
    }
}
