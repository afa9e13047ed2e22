using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Socratic.Training.Data.Reading;

/// <summary>Turns the JSON of one row into a <see cref="DataRow"/>, or lists what is wrong with it.</summary>
internal sealed class RowParser(ProblemList problems)
{
    private static readonly string[] KnownKinds = ["messages", "conversations", "instruction", "prompt", "text", "input_ids"];

    /// <summary>The row, or null if it has a problem.</summary>
    public DataRow? Parse(ReadOnlyMemory<byte> json, int line, int row)
    {
        var before = problems.Count;
        var context = new RowContext(problems, line, row);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            context.Add(null, "bad_json", Shorten(e));
            return null;
        }
        using (document)
        {
            try
            {
                var parsed = ParseRoot(document.RootElement, context);
                return problems.Count == before ? parsed : null;
            }
            catch (InvalidOperationException e) when (e.InnerException is ArgumentException or null)
            {
                // A key that holds half of a surrogate pair shows itself only when it is read.
                context.Add("$", "bad_unicode", "a key holds half of a surrogate pair (\\uD800 to \\uDFFF alone).");
                return null;
            }
        }
    }

    /// <summary>The text of bytes that are known to be UTF-8.</summary>
    public static string Decode(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    /// <summary>The first byte that is not UTF-8, or -1.</summary>
    public static int FirstInvalidByte(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes)) return -1;
        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var length) == System.Buffers.OperationStatus.Done) at += length;
        return at;
    }

    public static bool IsBlank(ReadOnlySpan<byte> utf8) => utf8.IndexOfAnyExcept(" \t\r\n"u8) < 0 || string.IsNullOrWhiteSpace(Decode(utf8));

    /// <summary>The parser's message without the position, which counts from 0 and within the row.</summary>
    public static string Shorten(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return $"not valid JSON: {(end < 0 ? e.Message : e.Message[..end])} (byte {e.BytePositionInLine} of the line)";
    }

    private DataRow? ParseRoot(JsonElement root, RowContext context)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            context.Add("$", "wrong_type", $"a row must be an object, but this is {RowContext.Name(root)}.");
            return null;
        }
        context.CheckDuplicates(root, "");
        if (root.TryGetProperty("chosen", out _) || root.TryGetProperty("rejected", out _) || (root.TryGetProperty("label", out var label) && label.ValueKind is JsonValueKind.True or JsonValueKind.False))
        {
            // Read as a dialogue, an answer that is marked as bad would be learned.
            context.Add("$", "preference", "the row is a preference (chosen and rejected, or an answer with a label), not a dialogue to learn.");
            return null;
        }
        var kind = KnownKinds.FirstOrDefault(k => root.TryGetProperty(k, out _));
        var messages = new MessageParser(context);
        var empty = new DataRow(problems.File, context.Line, context.Row);
        switch (kind)
        {
            case "messages": return Conversation(empty, root, messages.Parse(root.GetProperty(kind), kind, "role", "content"), kind);
            case "conversations": return ShareGpt(empty, root, messages, context);
            case "instruction": return Conversation(empty, root, messages.ParseAlpaca(root), "instruction", "input", "output", "history", "system");
            case "prompt": return PromptCompletion(empty, root, messages, context);
            case "text": return context.Text(root, "text", "text") is { } text && context.NotBlank(text, "text") ? empty with { Text = text } : null;
            case "input_ids": return TokenRowParser.Parse(empty, root, context);
            default:
                context.Add("$", "missing_key", $"the row has none of the keys {string.Join(", ", KnownKinds)}.");
                return null;
        }
    }

    private static DataRow? Conversation(DataRow row, JsonElement root, IReadOnlyList<ChatMessage>? messages, params string[] known)
    {
        if (messages is null) return null;
        var extra = new Dictionary<string, JsonElement>();
        foreach (var property in root.EnumerateObject())
            if (!known.Contains(property.Name)) extra[property.Name] = property.Value.Clone();
        return row with { Dialogue = new Dialogue(messages) { File = row.File, Line = row.Line, Extra = extra } };
    }

    private static DataRow? ShareGpt(DataRow row, JsonElement root, MessageParser parser, RowContext context)
    {
        var system = root.TryGetProperty("system", out _) ? context.Text(root, "system", "system") : null;
        var messages = parser.Parse(root.GetProperty("conversations"), "conversations", "from", "value", leadingSystem: system);
        return Conversation(row, root, messages, "conversations", "system");
    }

    private static DataRow? PromptCompletion(DataRow row, JsonElement root, MessageParser parser, RowContext context)
    {
        if (!root.TryGetProperty("completion", out var completion))
        {
            context.Add("completion", "missing_key", "a row with a prompt needs a completion.");
            return null;
        }
        var prompt = root.GetProperty("prompt");
        if (prompt.ValueKind != JsonValueKind.Array)
            return context.Text(root, "prompt", "prompt") is { } p && context.Text(root, "completion", "completion") is { } c && context.NotBlank(c, "completion") ? row with { Prompt = p, Text = c } : null;
        if (parser.ParsePromptCompletion(prompt, completion) is not { } messages) return null;
        return Conversation(row, root, messages, "prompt", "completion") is { } parsed ? parsed with { PromptMessages = prompt.GetArrayLength() } : null;
    }
}
