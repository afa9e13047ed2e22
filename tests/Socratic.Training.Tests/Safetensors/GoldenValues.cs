using System.Buffers.Binary;
using System.Text.Json;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Safetensors;

/// <summary>Holds a tensor against <c>values</c> of the golden file: through torch where torch has the dtype, else decoded from its bytes.</summary>
internal static class GoldenValues
{
    public static void Equal(JsonElement expected, SafetensorsFile file, string name)
    {
        var dtype = file.Tensors[name].Dtype;
        if (dtype == "C64")
        {
            using var complex = file.Read(name);
            using var parts = complex.view_as_real().reshape(-1);
            Same([.. expected.EnumerateArray().SelectMany(c => c.EnumerateArray()).Select(Double)], [.. parts.data<float>().ToArray().Select(v => (double)v)], name);
        }
        else if (dtype is "BOOL" or "U8" or "I8" or "I16" or "I32" or "I64")
        {
            using var tensor = file.Read(name);
            using var integers = tensor.to(ScalarType.Int64).reshape(-1);
            Assert.Equal(expected.EnumerateArray().Select(v => v.ValueKind is JsonValueKind.True or JsonValueKind.False ? (v.GetBoolean() ? 1 : 0) : v.GetInt64()), integers.data<long>().ToArray());
        }
        else if (dtype is "U16" or "U32" or "U64")
        {
            Assert.Equal(expected.EnumerateArray().Select(v => v.GetUInt64()), Unsigned(file.ReadBytes(name), dtype));
        }
        else
        {
            Same([.. expected.EnumerateArray().Select(Double)], Floats(file, name, dtype), name);
        }
    }

    private static double[] Floats(SafetensorsFile file, string name, string dtype)
    {
        switch (dtype)
        {
            // exponent bits, mantissa bits, bias; one NaN at minus zero and no infinity in the FNUZ forms.
            case "F8_E4M3FNUZ": return [.. file.ReadBytes(name).Select(b => Fnuz(b, 3, 8))];
            case "F8_E5M2FNUZ": return [.. file.ReadBytes(name).Select(b => Fnuz(b, 2, 16))];
            case "F8_E8M0": return [.. file.ReadBytes(name).Select(b => b == 255 ? double.NaN : Math.ScaleB(1, b - 127))];
            default:
                using (var tensor = file.Read(name))
                using (var doubles = tensor.to(ScalarType.Float64).reshape(-1))
                {
                    return doubles.data<double>().ToArray();
                }
        }
    }

    private static double Fnuz(byte b, int mantissaBits, int bias)
    {
        if (b == 0x80) return double.NaN;
        var (exponent, mantissa) = ((b & 0x7f) >> mantissaBits, b & ((1 << mantissaBits) - 1));
        var value = exponent == 0 ? Math.ScaleB(mantissa, 1 - bias - mantissaBits) : Math.ScaleB((1 << mantissaBits) + mantissa, exponent - bias - mantissaBits);
        return b >= 0x80 ? -value : value;
    }

    private static IEnumerable<ulong> Unsigned(byte[] bytes, string dtype) => dtype switch
    {
        "U16" => bytes.Chunk(2).Select(b => (ulong)BinaryPrimitives.ReadUInt16LittleEndian(b)),
        "U32" => bytes.Chunk(4).Select(b => (ulong)BinaryPrimitives.ReadUInt32LittleEndian(b)),
        _ => bytes.Chunk(8).Select(b => BinaryPrimitives.ReadUInt64LittleEndian(b)),
    };

    private static double Double(JsonElement value) => value.ValueKind == JsonValueKind.String ? double.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : value.GetDouble();

    /// <summary>Equal to the last bit, minus zero too; any NaN equals any NaN (the bytes are compared by their hash).</summary>
    private static void Same(double[] expected, double[] actual, string name)
    {
        Assert.True(expected.Length == actual.Length, $"{name}: {actual.Length} values, expected {expected.Length}");
        for (var i = 0; i < expected.Length; i++)
        {
            var same = double.IsNaN(expected[i]) ? double.IsNaN(actual[i]) : BitConverter.DoubleToInt64Bits(expected[i]) == BitConverter.DoubleToInt64Bits(actual[i]);
            Assert.True(same, $"{name}: element {i} is {actual[i]:R}, expected {expected[i]:R}");
        }
    }
}
