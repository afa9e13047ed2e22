using System.Text.Json;

namespace Socratic.Training.Data.Reading;

/// <summary>
/// Reads a data file row by row: a JSON array, JSON lines, or (<c>.txt</c>) a text a line.
/// A broken row is a problem of its own; the rows around it are read.
/// </summary>
internal static class DataFile
{
    /// <summary>Reads the rows of a file that must have no problems.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DatasetException">There are problems, or no rows.</exception>
    public static IReadOnlyList<DataRow> ReadValid(string path, int maxProblems)
    {
        var (rows, problems) = Read(path);
        problems.ThrowIfAny("", maxProblems);
        return rows.Count > 0 ? rows : throw new DatasetException($"{path}: holds no rows. Expected a JSON array, or JSON lines, of {{\"messages\": [...]}}.");
    }

    /// <summary>Reads the rows that are right, and lists what is wrong.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static (List<DataRow> Rows, ProblemList Problems) Read(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException(Directory.Exists(path) ? $"'{path}' is a folder; a data file is needed." : $"The data file '{path}' does not exist.", path);
        return Read(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads the rows of a file's content.</summary>
    public static (List<DataRow> Rows, ProblemList Problems) Read(ReadOnlyMemory<byte> content, string path)
    {
        var problems = new ProblemList(path);
        var rows = new List<DataRow>();
        if (content.Span.StartsWith("\uFEFF"u8)) content = content[3..];
        var extension = Path.GetExtension(path);
        var parser = new RowParser(problems);
        if (extension.Equals(".txt", StringComparison.OrdinalIgnoreCase)) ReadLines(content, problems, (line, number, row) => rows.Add(new DataRow(path, number, row) { Text = RowParser.Decode(line.Span) }));
        else if (!extension.Equals(".jsonl", StringComparison.OrdinalIgnoreCase) && content.Span.TrimStart(" \t\r\n"u8).StartsWith("["u8)) ReadArray(content, problems, Add);
        else ReadLines(content, problems, Add);
        return (rows, problems);

        void Add(ReadOnlyMemory<byte> json, int line, int row)
        {
            if (parser.Parse(json, line, row) is { } parsed) rows.Add(parsed);
        }
    }

    private static void ReadLines(ReadOnlyMemory<byte> content, ProblemList problems, Action<ReadOnlyMemory<byte>, int, int> add)
    {
        var (number, row) = (0, 0);
        while (content.Length > 0)
        {
            number++;
            var end = content.Span.IndexOf((byte)'\n');
            var line = end < 0 ? content : content[..end];
            content = end < 0 ? default : content[(end + 1)..];
            if (line.Span.EndsWith("\r"u8)) line = line[..^1];
            if (RowParser.FirstInvalidByte(line.Span) is >= 0 and var invalid) problems.Add(number, row, null, "bad_utf8", $"not UTF-8 at byte {invalid} of the line (0x{line.Span[invalid]:X2}); save the file as UTF-8.");
            else if (RowParser.IsBlank(line.Span)) continue;
            else add(line, number, row);
            row++;
        }
    }

    private static void ReadArray(ReadOnlyMemory<byte> content, ProblemList problems, Action<ReadOnlyMemory<byte>, int, int> add)
    {
        if (RowParser.FirstInvalidByte(content.Span) is >= 0 and var invalid)
        {
            problems.Add(1 + content.Span[..invalid].Count((byte)'\n'), 0, null, "bad_utf8", $"not UTF-8 at byte {invalid} of the file (0x{content.Span[invalid]:X2}); save the file as UTF-8.");
            return;
        }
        var (row, line, counted) = (0, 1, 0);
        try
        {
            var reader = new Utf8JsonReader(content.Span);
            reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                line += content.Span[counted..start].Count((byte)'\n');
                counted = start;
                reader.Skip();
                add(content[start..(int)reader.BytesConsumed], line, row++);
            }
            // Anything after the array is an error that the reader finds.
            reader.Read();
        }
        catch (JsonException e)
        {
            problems.Add((int)(e.LineNumber ?? 0) + 1, row, null, "bad_json", RowParser.Shorten(e));
        }
    }
}
