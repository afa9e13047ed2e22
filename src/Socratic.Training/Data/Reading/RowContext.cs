using System.Text.Json;

namespace Socratic.Training.Data.Reading;

/// <summary>The row that is being read: where its problems go, and how its fields are.</summary>
internal sealed class RowContext(ProblemList problems, int line, int row)
{
    public int Line { get; } = line;

    public int Row { get; } = row;

    public void Add(string? field, string code, string message) => problems.Add(Line, Row, field, code, message);

    /// <summary>A text below a key; null, with a problem, if there is none.</summary>
    public string? Text(JsonElement parent, string key, string field)
    {
        if (!parent.TryGetProperty(key, out var value))
        {
            Add(field, "missing_key", $"the key \"{key}\" is missing.");
            return null;
        }
        return Text(value, field);
    }

    /// <summary>A value that must be a text; null, with a problem, if it is none.</summary>
    public string? Text(JsonElement value, string field)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Add(field, "wrong_type", $"must be a string, but is {Name(value)}.");
            return null;
        }
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            Add(field, "bad_unicode", "holds half of a surrogate pair (\\uD800 to \\uDFFF alone).");
            return null;
        }
    }

    /// <summary>A list of whole numbers; null, with a problem, if it is none.</summary>
    public int[]? Numbers(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            var numbers = new List<int>(value.GetArrayLength());
            foreach (var item in value.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out var number)) break;
                numbers.Add(number);
            }
            if (numbers.Count == value.GetArrayLength()) return [.. numbers];
        }
        Add(field, "wrong_type", "must be a list of whole numbers.");
        return null;
    }

    /// <summary>Requires something to read.</summary>
    public bool NotBlank(string text, string field)
    {
        if (!string.IsNullOrWhiteSpace(text)) return true;
        Add(field, "empty_content", text.Length == 0 ? "is empty." : "holds nothing but white space.");
        return false;
    }

    /// <summary>Lists keys that occur twice, of which a reader would silently take one.</summary>
    public void CheckDuplicates(JsonElement element, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
            if (!seen.Add(property.Name)) Add(path.Length == 0 ? property.Name : $"{path}.{property.Name}", "duplicate_key", $"the key \"{property.Name}\" is there twice.");
    }

    public static string Name(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        var other => other.ToString().ToLowerInvariant(),
    };
}
