using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace Socratic.Training.Safetensors;

/// <summary>A header that has passed every check. Metadata is null where the file has none.</summary>
internal sealed record SafetensorsHeader(
    long DataStart, IReadOnlyDictionary<string, string>? Metadata, IReadOnlyDictionary<string, SafetensorsEntry> Tensors);

/// <summary>
/// Reads the header: 8 bytes of length (little-endian), then a JSON object. Files come from strangers, so nothing is allocated that the file's own
/// length does not cover, and the rules are stricter than the reference's, which lets the last of two equal names win.
/// </summary>
internal static class HeaderReader
{
    public const int LengthBytes = 8;
    private const int LargestHeader = 100_000_000;

    /// <param name="path">The name used in errors.</param>
    /// <param name="fileLength">The length of the whole file.</param>
    /// <param name="read">Fills the span from an offset of the file.</param>
    public static SafetensorsHeader Read(string path, long fileLength, Action<Span<byte>, long> read)
    {
        if (fileLength < LengthBytes) throw new SafetensorsException(path, null, $"{fileLength} bytes", "at least the 8 bytes of the header's length");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        read(prefix, 0);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length is 0 or > LargestHeader)
        {
            throw new SafetensorsException(path, null, $"a header length of {length}", $"1 to {LargestHeader} (is this a safetensors file?)");
        }
        if ((long)length > fileLength - LengthBytes)
        {
            throw new SafetensorsException(path, null, $"a header of {length} bytes in a file of {fileLength}", "a header inside the file (is it truncated?)");
        }
        var header = new byte[length];
        read(header, LengthBytes);
        var dataStart = LengthBytes + (long)length;
        return Parse(path, header, dataStart, fileLength - dataStart);
    }

    private static SafetensorsHeader Parse(string path, byte[] json, long dataStart, long dataLength)
    {
        if (json[0] != '{') throw new SafetensorsException(path, null, $"a header that begins with byte 0x{json[0]:x2}", "'{'");
        if (!Utf8.IsValid(json)) throw new SafetensorsException(path, null, "a header that is not UTF-8", "UTF-8");
        try
        {
            var parser = new HeaderParser(path, json, dataStart);
            parser.Parse();
            SpanRules.Check(path, parser.Tensors.Values, dataStart, dataLength);
            return new SafetensorsHeader(dataStart, parser.Metadata, parser.Tensors);
        }
        catch (JsonException e)
        {
            throw new SafetensorsException(path, null, $"a header that is not JSON ({e.Message})", "a JSON object", e);
        }
        catch (InvalidOperationException e)
        {
            // Escaped lone surrogates surface only when a text is read.
            throw new SafetensorsException(path, null, "a lone surrogate in a text of the header", "Unicode text", e);
        }
    }
}
