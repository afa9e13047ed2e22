using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Socratic.Training.Safetensors;

/// <summary>One pass over the header's JSON: names once each, entries with exactly their three fields, counts as plain integers.</summary>
internal ref struct HeaderParser(string path, ReadOnlySpan<byte> json, long dataStart)
{
    private const int MostTensors = 1 << 18;
    private const int MostDimensions = 64;

    private Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 64 });

    public Dictionary<string, SafetensorsEntry> Tensors { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string>? Metadata { get; private set; }

    public void Parse()
    {
        reader.Read();
        while (NextName() is { } name)
        {
            if (name == SafetensorsWriter.MetadataKey) ReadMetadata();
            else if (Tensors.Count == MostTensors) throw Wrong(name, $"more than {MostTensors} tensors", "fewer (split the file into shards)");
            else if (Tensors.ContainsKey(name)) throw Wrong(name, "the name twice", "each name once");
            else Tensors.Add(name, ReadEntry(name));
        }
        // Anything but white space after the object is an error of the reader.
        reader.Read();
    }

    private void ReadMetadata()
    {
        const string Key = SafetensorsWriter.MetadataKey;
        if (Metadata is not null) throw Wrong(Key, "the name twice", "each name once");
        Metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw Wrong(Key, Shown(), "an object of texts");
        while (NextName() is { } key)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) throw Wrong(Key, $"{Shown()} for '{SafetensorsException.Shown(key)}'", "a text");
            if (!Metadata.TryAdd(key, reader.GetString()!)) throw Wrong(Key, $"'{SafetensorsException.Shown(key)}' twice", "each key once");
        }
    }

    private SafetensorsEntry ReadEntry(string name)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw Wrong(name, Shown(), "an object with dtype, shape and data_offsets");
        SafetensorsDtype? dtype = null;
        List<ulong>? shape = null, offsets = null;
        while (NextName() is { } field)
        {
            reader.Read();
            if (field switch { "dtype" => dtype is not null, "shape" => shape is not null, "data_offsets" => offsets is not null, _ => false })
            {
                throw Wrong(name, $"{field} twice", "each field once");
            }
            switch (field)
            {
                case "dtype": dtype = ReadDtype(name); break;
                case "shape": shape = ReadCounts(name, field, MostDimensions); break;
                case "data_offsets": offsets = ReadCounts(name, field, 2); break;
                default: throw Wrong(name, $"the field '{SafetensorsException.Shown(field)}'", "dtype, shape and data_offsets only");
            }
        }
        if (dtype is null) throw Wrong(name, "no dtype", "dtype, shape and data_offsets");
        if (shape is null) throw Wrong(name, "no shape", "dtype, shape and data_offsets");
        if (offsets is not { Count: 2 }) throw Wrong(name, offsets is null ? "no data_offsets" : $"{offsets.Count} data_offsets", "two data_offsets");
        return Entry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private readonly SafetensorsEntry Entry(string name, SafetensorsDtype dtype, List<ulong> shape, ulong begin, ulong end)
    {
        // Zero dimensions do not excuse the others: strides are products of them.
        UInt128 product = 1, elements = 1;
        foreach (var dimension in shape)
        {
            product *= Math.Max(dimension, 1);
            elements *= dimension;
            if (dimension > long.MaxValue || product > long.MaxValue) throw Wrong(name, $"shape [{string.Join(", ", shape)}]", "at most 2^63 - 1 elements");
        }
        if (end < begin || elements * (uint)dtype.Bits != (UInt128)(end - begin) * 8)
        {
            throw Wrong(name, $"data_offsets [{begin}, {end}] for {dtype.Name} of shape [{string.Join(", ", shape)}]", "the size of its elements");
        }
        if (end > (ulong)(long.MaxValue - dataStart)) throw Wrong(name, $"data_offsets [{begin}, {end}]", "an offset inside the file");
        return new SafetensorsEntry(name, dtype.Name, [.. shape.Select(d => (long)d)], dataStart + (long)begin, (long)(end - begin));
    }

    private SafetensorsDtype ReadDtype(string name)
    {
        if (reader.TokenType != JsonTokenType.String) throw Wrong(name, $"{Shown()} as dtype", "a dtype's name");
        var text = reader.GetString()!;
        return SafetensorsDtype.Find(text)
            ?? throw Wrong(name, $"dtype '{SafetensorsException.Shown(text)}'", $"one of {string.Join(", ", SafetensorsDtype.All.Select(d => d.Name))}");
    }

    /// <summary>A list of plain non-negative integers below 2^64: 2.0, 2e0 and -0 are none.</summary>
    private List<ulong> ReadCounts(string name, string field, int most)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Wrong(name, $"{Shown()} as {field}", "a list of counts");
        var counts = new List<ulong>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number
                || !ulong.TryParse(reader.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                throw Wrong(name, $"{Shown()} in {field}", "non-negative integers below 2^64");
            }
            if (counts.Count == most) throw Wrong(name, $"more than {most} numbers in {field}", $"at most {most}");
            counts.Add(count);
        }
        return counts;
    }

    /// <summary>The next property's name of the object the reader is in, or null at its end.</summary>
    private string? NextName()
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
    }

    private readonly string Shown() => reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a text",
        JsonTokenType.Null => "null",
        _ => SafetensorsException.Shown(Encoding.UTF8.GetString(reader.ValueSpan)),
    };

    private readonly SafetensorsException Wrong(string key, string found, string expected) => new(path, key, found, expected);
}
