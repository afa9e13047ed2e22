using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Socratic.Training.Files;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Files;

/// <summary>What is told of a 4-bit weight beside its tensors: the JSON in <c>weight.quant_state.bitsandbytes__nf4</c>.</summary>
internal sealed record QuantState(QuantizationType Type, int BlockSize, ScalarType Dtype, long[] Shape, QuantState.NestedState? Nested)
{
    private const int MostBytes = 1 << 16;

    /// <summary>What is told of scales in 8 bits.</summary>
    public sealed record NestedState(int BlockSize, float Offset);

    public static QuantState Of(QuantizedTensor weight) => new(
        weight.Type, weight.BlockSize, weight.Dtype, weight.Shape, weight.Nested is { } nested ? new(nested.BlockSize, nested.Offset) : null);

    /// <summary>As Python's <c>json.dumps</c> writes it, in bitsandbytes' order of keys.</summary>
    public byte[] Write()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{{\"quant_type\": \"{QuantizationNames.Of(Type)}\", \"blocksize\": {BlockSize}, ");
        text.Append(CultureInfo.InvariantCulture, $"\"dtype\": \"{QuantizationNames.Of(Dtype)}\", \"shape\": [{string.Join(", ", Shape)}]");
        if (Nested is not null)
            text.Append(CultureInfo.InvariantCulture, $", \"nested_blocksize\": {Nested.BlockSize}, \"nested_dtype\": \"float32\", \"nested_offset\": {PythonJson.Number(Nested.Offset)}");
        return Encoding.UTF8.GetBytes(text.Append('}').ToString());
    }

    /// <exception cref="InvalidDataException">Something is missing or wrong.</exception>
    /// <param name="json">The bytes.</param>
    /// <param name="place">File and key, for messages.</param>
    public static QuantState Parse(ReadOnlySpan<byte> json, string place)
    {
        if (json.Length > MostBytes) throw new InvalidDataException($"{place}: {json.Length} bytes, expected a few hundred of JSON.");
        JsonObject o;
        try
        {
            o = PythonJson.Parse(new UTF8Encoding(false, true).GetString(json)) as JsonObject ?? throw new InvalidDataException($"{place}: expected a JSON object.");
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException)
        {
            throw new InvalidDataException($"{place}: not valid JSON ({e.Message}).", e);
        }
        return Read(new Fields(o, place));
    }

    private static QuantState Read(Fields fields)
    {
        var type = QuantizationNames.Type(fields.Text("quant_type")) ?? throw fields.Wrong("quant_type", "nf4 or fp4");
        var block = fields.Integer("blocksize");
        if (block is not (>= 0 and <= int.MaxValue) || !QuantizationOptions.IsBlockSize((int)block))
            throw fields.Wrong("blocksize", $"a power of two from {QuantizationOptions.SmallestBlock} to {QuantizationOptions.LargestBlock}");
        var dtype = QuantizationNames.Dtype(fields.Text("dtype")) ?? throw fields.Wrong("dtype", "float32, bfloat16 or float16");
        var nested = fields.HasAny("nested_blocksize", "nested_dtype", "nested_offset") ? ReadNested(fields) : null;
        return new QuantState(type, (int)block, dtype, fields.Integers("shape"), nested);
    }

    private static NestedState ReadNested(Fields fields)
    {
        var block = fields.Integer("nested_blocksize");
        if (block is not (> 0 and <= int.MaxValue)) throw fields.Wrong("nested_blocksize", "a positive number");
        if (QuantizationNames.Dtype(fields.Text("nested_dtype")) != ScalarType.Float32) throw fields.Wrong("nested_dtype", "float32");
        var offset = (float)fields.Number("nested_offset");
        return float.IsFinite(offset) ? new NestedState((int)block, offset) : throw fields.Wrong("nested_offset", "a finite number");
    }

    /// <summary>Typed reading of the object's fields; a missing one is an error too.</summary>
    private sealed class Fields(JsonObject json, string place)
    {
        public bool HasAny(params ReadOnlySpan<string> keys)
        {
            foreach (var key in keys)
                if (json.ContainsKey(key)) return true;
            return false;
        }

        public string Text(string key) => json[key] is JsonValue v && v.TryGetValue<string>(out var text) ? text : throw Wrong(key, "a text");

        public long Integer(string key) => Whole(json[key]) ?? throw Wrong(key, "a whole number");

        public double Number(string key) => json[key] is JsonValue v && v.TryGetValue<double>(out var number) ? number : throw Wrong(key, "a number");

        public long[] Integers(string key)
            => json[key] is JsonArray { Count: < 64 } list && list.All(n => Whole(n) >= 0) ? [.. list.Select(n => Whole(n)!.Value)] : throw Wrong(key, "a list of sizes");

        public InvalidDataException Wrong(string key, string expected)
        {
            var found = json[key] switch
            {
                null => "nothing",
                JsonValue value when value.TryGetValue<double>(out var number) && !double.IsFinite(number) => PythonJson.Number(number),
                var node => node.ToJsonString(),
            };
            return new($"{place}: {key} is {(found.Length > 100 ? found[..100] + "..." : found)}, expected {expected}.");
        }

        private static long? Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;
    }
}
