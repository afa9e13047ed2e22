using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Socratic.Training.Files;

namespace Socratic.Training.Safetensors;

/// <summary>
/// The header as the reference library writes it: metadata first (its keys sorted, where the library's order is random), compact JSON, spaces up to a multiple of 8.
/// </summary>
internal static class HeaderWriter
{
    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>The length and the header, ready to be written, for tensors in the order of their data.</summary>
    public static byte[] Bytes(IReadOnlyList<StoredTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var json = new StringBuilder("{");
        if (metadata is not null)
        {
            var entries = metadata.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{Quoted(m.Key)}:{Quoted(m.Value)}");
            json.Append(CultureInfo.InvariantCulture, $"\"{SafetensorsWriter.MetadataKey}\":{{{string.Join(',', entries)}}}");
        }
        var begin = 0L;
        foreach (var tensor in tensors)
        {
            if (json.Length > 1) json.Append(',');
            var shape = string.Join(',', tensor.Shape.Select(d => d.ToString(CultureInfo.InvariantCulture)));
            var end = begin + tensor.Length;
            json.Append(CultureInfo.InvariantCulture, $"{Quoted(tensor.Name)}:{{\"dtype\":\"{tensor.Dtype.Name}\",\"shape\":[{shape}],\"data_offsets\":[{begin},{end}]}}");
            begin = end;
        }
        return WithLength(Utf8(json.Append('}').ToString()));
    }

    /// <summary>UTF-8 of a text without lone surrogates; two names are in order if these bytes are.</summary>
    /// <exception cref="ArgumentException">The text holds a lone surrogate.</exception>
    public static byte[] Utf8(string text) => Strict.GetBytes(text);

    private static byte[] WithLength(byte[] json)
    {
        var padded = (json.Length + 7) / 8 * 8;
        var bytes = new byte[HeaderReader.LengthBytes + padded];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, padded);
        json.CopyTo(bytes, HeaderReader.LengthBytes);
        bytes.AsSpan(HeaderReader.LengthBytes + json.Length).Fill((byte)' ');
        return bytes;
    }

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder();
        PythonJson.Quote(quoted, text, ensureAscii: false);
        return quoted.ToString();
    }
}
