using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Socratic.Training.Lora.Config;

/// <summary>
/// JSON in the form PEFT writes: two spaces, keys sorted by code point at every level, everything but printable ASCII escaped, no newline at the end.
/// </summary>
internal static class PythonJson
{
    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        Append(text, node, 0);
        return text.ToString();
    }

    /// <summary>A number as Python prints it, up to 1e15 in magnitude: 11.313708498984761, 1e-05, 0.0.</summary>
    public static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        if (text.Contains('E', StringComparison.Ordinal)) return text.ToLowerInvariant();
        return text.Contains('.', StringComparison.Ordinal) ? text : text + ".0";
    }

    /// <summary>Orders as Python orders strings; UTF-16 would put characters beyond U+FFFF before U+E000.</summary>
    public static int CompareKeys(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    private static void Append(StringBuilder text, JsonNode? node, int depth)
    {
        switch (node)
        {
            case null: text.Append("null"); break;
            case JsonObject o:
                var members = o.ToList();
                members.Sort((a, b) => CompareKeys(a.Key, b.Key));
                AppendMany(text, '{', '}', members, depth, m =>
                {
                    AppendString(text, m.Key);
                    text.Append(": ");
                    Append(text, m.Value, depth + 1);
                });
                break;
            case JsonArray a: AppendMany(text, '[', ']', [.. a], depth, item => Append(text, item, depth + 1)); break;
            case JsonValue v: AppendValue(text, v); break;
        }
    }

    private static void AppendMany<T>(StringBuilder text, char open, char close, List<T> items, int depth, Action<T> append)
    {
        text.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n").Append(' ', 2 * (depth + 1));
            append(items[i]);
        }
        if (items.Count > 0) text.Append('\n').Append(' ', 2 * depth);
        text.Append(close);
    }

    private static void AppendValue(StringBuilder text, JsonValue value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String: AppendString(text, value.GetValue<string>()); break;
            case JsonValueKind.True: text.Append("true"); break;
            case JsonValueKind.False: text.Append("false"); break;
            default:
                var number = value.ToJsonString();
                var whole = !number.AsSpan().ContainsAny('.', 'e', 'E');
                text.Append(whole ? number : Number(double.Parse(number, CultureInfo.InvariantCulture)));
                break;
        }
    }

    private static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append(@"\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' or > '~' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }
}
