using System.Text;
using System.Text.Json;

namespace Socratic.Training.Tokenization.Readers;

/// <summary>Parses a JSON file of a stranger: strict, from bytes, with one clear error.</summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>The root object of a file.</summary>
    /// <exception cref="InvalidDataException">The content is not UTF-8, not JSON, or not an object.</exception>
    public static JsonElement ParseObject(ReadOnlyMemory<byte> content, string file)
    {
        if (content.Span.StartsWith("\uFEFF"u8)) content = content[3..];
        try
        {
            // The parser leaves invalid UTF-8 inside strings until they are read.
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(content.Span);
            var root = JsonElement.Parse(content.Span, Strict);
            return root.ValueKind == JsonValueKind.Object ? root : throw new InvalidDataException($"{file}: the root must be an object, but is {Name(root.ValueKind)}.");
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{file}: not UTF-8 at byte {e.Index}.", e);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{file}: not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>A property that is there and not null.</summary>
    public static bool TryGet(this JsonElement element, string key, out JsonElement value)
        => element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A text.</summary>
    /// <exception cref="InvalidDataException">It is something else, or holds half of a surrogate pair.</exception>
    public static string Text(this JsonElement element, string file, string path)
    {
        if (element.ValueKind != JsonValueKind.String) throw Expected("a string", element, file, path);
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"{file}: {path} holds half of a surrogate pair.", e);
        }
    }

    /// <summary>A truth value, or <paramref name="fallback"/> where the key is missing or null.</summary>
    public static bool Flag(this JsonElement element, string key, bool fallback, string file, string path)
    {
        if (!element.TryGet(key, out var value)) return fallback;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Expected("true or false", value, file, $"{path}.{key}"),
        };
    }

    /// <summary>An id: a whole number from 0 to the largest int.</summary>
    public static int Id(this JsonElement element, string file, string path) => element.TryId(out var id) ? id : throw Expected($"an id from 0 to {MaximumId - 1}", element, file, path);

    /// <summary>An id, if it is one; for long lists, where making a path for each would cost more than reading.</summary>
    public static bool TryId(this JsonElement element, out int id)
    {
        id = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out id) && id is >= 0 and < MaximumId;
    }

    /// <summary>More pieces than any tokenizer has; arrays are sized by the highest id.</summary>
    public const int MaximumId = 16_777_216;

    public static InvalidDataException Expected(string what, JsonElement found, string file, string path)
    {
        var text = found.GetRawText();
        return new($"{file}: {path} must be {what}, but is {(text.Length <= 60 ? text : text[..57] + "...")}.");
    }

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
