using System.Buffers.Binary;
using System.Text.Json;

namespace Socratic.Testing.Golden;

/// <summary>
/// A safetensors file of reference values, read with a few lines of its own: a mistake in the product's reader cannot hide itself here.
/// </summary>
public sealed class GoldenTensors
{
    private readonly byte[] file;
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    private readonly record struct Entry(string Dtype, long[] Shape, int Begin, int End);

    public GoldenTensors(string path)
    {
        file = File.ReadAllBytes(path);
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using var header = JsonDocument.Parse(file.AsMemory(8, length));
        foreach (var tensor in header.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__"))
        {
            var offsets = tensor.Value.GetProperty("data_offsets");
            entries[tensor.Name] = new Entry(
                tensor.Value.GetProperty("dtype").GetString()!,
                [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())],
                8 + length + offsets[0].GetInt32(), 8 + length + offsets[1].GetInt32());
        }
    }

    public IReadOnlyCollection<string> Names => entries.Keys;

    public bool Has(string name) => entries.ContainsKey(name);

    public long[] Shape(string name) => entries[name].Shape;

    public string Dtype(string name) => entries[name].Dtype;

    public ReadOnlySpan<byte> Bytes(string name) => file.AsSpan(entries[name].Begin, entries[name].End - entries[name].Begin);

    /// <summary>The values of an F64, F32, F16 or BF16 tensor, row by row, as doubles (exact).</summary>
    public double[] Doubles(string name)
    {
        var bytes = Bytes(name);
        switch (entries[name].Dtype)
        {
            case "F64": return Each(bytes, 8, b => BinaryPrimitives.ReadDoubleLittleEndian(b));
            case "F32": return Each(bytes, 4, b => (double)BinaryPrimitives.ReadSingleLittleEndian(b));
            case "F16": return Each(bytes, 2, b => (double)BinaryPrimitives.ReadHalfLittleEndian(b));
            case "BF16": return Each(bytes, 2, b => (double)BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(b) << 16));
            default: throw new InvalidDataException($"{name} is {entries[name].Dtype}, not floating point.");
        }
    }

    public float[] Floats(string name) => Array.ConvertAll(Doubles(name), d => (float)d);

    /// <summary>The values of an I64, I32, U8 or BOOL tensor, row by row.</summary>
    public long[] Integers(string name)
    {
        var bytes = Bytes(name);
        switch (entries[name].Dtype)
        {
            case "I64": return Each(bytes, 8, BinaryPrimitives.ReadInt64LittleEndian);
            case "I32": return Each(bytes, 4, b => (long)BinaryPrimitives.ReadInt32LittleEndian(b));
            case "U8" or "BOOL": return Each(bytes, 1, b => (long)b[0]);
            default: throw new InvalidDataException($"{name} is {entries[name].Dtype}, not an integer.");
        }
    }

    private delegate T Read<T>(ReadOnlySpan<byte> bytes);

    private static T[] Each<T>(ReadOnlySpan<byte> bytes, int size, Read<T> read)
    {
        var values = new T[bytes.Length / size];
        for (var i = 0; i < values.Length; i++) values[i] = read(bytes[(i * size)..]);
        return values;
    }
}
