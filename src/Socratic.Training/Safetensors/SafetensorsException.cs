namespace Socratic.Training.Safetensors;

/// <summary>
/// A safetensors file, or the index of a sharded one, breaks the rules of the format. The message names the file, the key if one is at fault,
/// what was found and what was expected.
/// </summary>
public sealed class SafetensorsException : IOException
{
    /// <summary>Creates an exception without particulars.</summary>
    public SafetensorsException()
        : this("A safetensors file is not well formed.")
    {
    }

    /// <summary>Creates an exception with a message only.</summary>
    public SafetensorsException(string message)
        : this(message, null)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    public SafetensorsException(string message, Exception? innerException)
        : base(message, innerException)
    {
        FilePath = Found = Expected = "";
    }

    internal SafetensorsException(string filePath, string? key, string found, string expected, Exception? innerException = null)
        : base($"{filePath}: {(key is null ? "" : $"'{Shown(key)}': ")}found {found}, expected {expected}.", innerException)
    {
        FilePath = filePath;
        Key = key;
        Found = found;
        Expected = expected;
    }

    /// <summary>The file.</summary>
    public string FilePath { get; }

    /// <summary>The tensor's name or the header's key, or null where the file as a whole is at fault.</summary>
    public string? Key { get; }

    /// <summary>What was found.</summary>
    public string Found { get; }

    /// <summary>What the format asks for.</summary>
    public string Expected { get; }

    /// <summary>A text from a file, cut to a length fit for a message, without control characters (a name may hold any).</summary>
    internal static string Shown(string text)
    {
        var cut = text.Length <= 80 ? text : text[..80] + "...";
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
