using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Socratic.Training.Files;

/// <summary>
/// JSON as Python's <c>json</c> module writes and reads it, for files that Hugging Face's tools share with us: floats as Python's <c>repr</c>
/// (<c>1e-05</c>, <c>3.0</c>), NaN and Infinity as bare words, which the standard does not know.
/// </summary>
internal static class PythonJson
{
    // A bare word becomes a text that no file can hold unescaped, for the parser's sake.
    private const string Marker = "\u0001python:";

    private static readonly (string Word, double Value)[] Words = [("-Infinity", double.NegativeInfinity), ("Infinity", double.PositiveInfinity), ("NaN", double.NaN)];

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>As <c>json.dumps(node, indent=2, sort_keys=True)</c>: keys sorted, everything beyond ASCII escaped.</summary>
    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        Write(text, node, 0);
        return text.ToString();
    }

    /// <summary>Orders as Python orders strings, by code point; UTF-16 would put characters beyond U+FFFF before U+E000.</summary>
    public static int CompareKeys(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    /// <summary>Appends a text in quotes, with everything beyond ASCII escaped (<c>ensure_ascii</c>) or as it is.</summary>
    public static void Quote(StringBuilder text, string value, bool ensureAscii = true)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append(@"\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '~' when ensureAscii => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }
        text.Append('"');
    }

    /// <exception cref="JsonException">The text is not JSON, holds a name twice or ends early.</exception>
    public static JsonNode? Parse(string text)
    {
        var node = JsonNode.Parse(QuoteWords(text), documentOptions: Strict);
        return Restore(node);
    }

    /// <summary>A double as Python's repr: the shortest digits that read back, an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Number(double value)
    {
        if (!double.IsFinite(value)) return Words.First(w => w.Value.Equals(value)).Word;
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        var parts = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture).Split('E');
        var (whole, fraction) = parts[0].Split('.') is [var w, var f] ? (w, f) : (parts[0], "");
        var exponent = (whole == "0" ? fraction.TakeWhile(c => c == '0').Count() * -1 - 1 : whole.Length - 1)
            + (parts.Length > 1 ? int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0);
        var digits = (whole + fraction).TrimStart('0').TrimEnd('0');
        return (value < 0 ? "-" : "") + (exponent is < -4 or >= 16 ? WithExponent(digits, exponent) : Plain(digits, exponent));
    }

    private static string WithExponent(string digits, int exponent)
        => $"{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";

    private static string Plain(string digits, int exponent)
    {
        if (exponent < 0) return "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1 ? digits.PadRight(exponent + 1, '0') + ".0" : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    private static void Write(StringBuilder text, JsonNode? node, int depth)
    {
        switch (node)
        {
            case JsonObject map:
                Items(text, '{', '}', depth, map.OrderBy(m => m.Key, Comparer<string>.Create(CompareKeys)), m =>
                {
                    Quote(text, m.Key);
                    text.Append(": ");
                    Write(text, m.Value, depth + 1);
                });
                break;
            case JsonArray list: Items(text, '[', ']', depth, list, item => Write(text, item, depth + 1)); break;
            case JsonValue value: Value(text, value); break;
            default: text.Append("null"); break;
        }
    }

    private static void Items<T>(StringBuilder text, char open, char close, int depth, IEnumerable<T> items, Action<T> write)
    {
        text.Append(open);
        var first = true;
        foreach (var item in items)
        {
            text.Append(first ? "\n" : ",\n").Append(' ', 2 * (depth + 1));
            write(item);
            first = false;
        }
        if (!first) text.Append('\n').Append(' ', 2 * depth);
        text.Append(close);
    }

    private static void Value(StringBuilder text, JsonValue value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String: Quote(text, value.GetValue<string>()); break;
            case JsonValueKind.Number when value.TryGetValue<double>(out var number) && IsFloat(value): text.Append(Number(number)); break;
            default: text.Append(value.ToJsonString()); break;
        }
    }

    /// <summary>Python tells 3.0 from 3. A number that was read says which it is by its text, another by its type.</summary>
    private static bool IsFloat(JsonValue value) => value.TryGetValue<JsonElement>(out var element)
        ? element.GetRawText().AsSpan().IndexOfAny(".eE") >= 0
        : value.TryGetValue<double>(out _) && !value.TryGetValue<long>(out _) && !value.TryGetValue<int>(out _);

    private static string QuoteWords(string text)
    {
        if (!Words.Any(w => text.Contains(w.Word, StringComparison.Ordinal))) return text;
        var quoted = new StringBuilder(text.Length + 64);
        var inText = false;
        for (var i = 0; i < text.Length; i++)
        {
            var word = inText ? null : Words.FirstOrDefault(w => string.CompareOrdinal(text, i, w.Word, 0, w.Word.Length) == 0).Word;
            if (word is not null)
            {
                quoted.Append("\"\\u0001").Append(Marker, 1, Marker.Length - 1).Append(word).Append('"');
                i += word.Length - 1;
                continue;
            }
            if (inText && text[i] == '\\' && i + 1 < text.Length) quoted.Append(text[i++]);
            else if (text[i] == '"') inText = !inText;
            quoted.Append(text[i]);
        }
        return quoted.ToString();
    }

    private static JsonNode? Restore(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (key, value) in map.ToList())
                {
                    if (Special(value) is { } number) map[key] = JsonValue.Create(number);
                    else Restore(value);
                }
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    if (Special(list[i]) is { } number) list[i] = JsonValue.Create(number);
                    else Restore(list[i]);
                }
                break;
        }
        return Special(node) is { } alone ? JsonValue.Create(alone) : node;
    }

    private static double? Special(JsonNode? node)
        => node is JsonValue value && value.TryGetValue<string>(out var text) && Words.FirstOrDefault(w => text == Marker + w.Word) is { Word: not null } found
            ? found.Value
            : null;
}
