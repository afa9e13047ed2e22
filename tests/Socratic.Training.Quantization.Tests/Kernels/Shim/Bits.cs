using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels.Shim;

/// <summary>Bytes of float32, bfloat16 and float16 values.</summary>
internal static class Bits
{
    internal static readonly ScalarType[] Types = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16];

    internal static int Size(ScalarType type) => type == ScalarType.Float32 ? 4 : 2;

    internal static ScalarType TypeOf(string name) => name switch
    {
        "float32" or "f32" or "F32" => ScalarType.Float32,
        "bfloat16" or "bf16" or "BF16" => ScalarType.BFloat16,
        "float16" or "f16" or "F16" => ScalarType.Float16,
        _ => throw new InvalidDataException($"'{name}' is no float type."),
    };

    internal static float Get(ReadOnlySpan<byte> bytes, ScalarType type, long index)
    {
        var at = bytes[(int)(index * Size(type))..];
        return type switch
        {
            ScalarType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(at),
            ScalarType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(at) << 16),
            _ => (float)BinaryPrimitives.ReadHalfLittleEndian(at),
        };
    }

    internal static float[] Floats(ReadOnlySpan<byte> bytes, ScalarType type)
    {
        var values = new float[bytes.Length / Size(type)];
        for (var i = 0; i < values.Length; i++) values[i] = Get(bytes, type, i);
        return values;
    }

    /// <summary>The values rounded to nearest even. NaN keeps being one.</summary>
    internal static byte[] Of(ReadOnlySpan<float> values, ScalarType type)
    {
        var bytes = new byte[values.Length * Size(type)];
        for (var i = 0; i < values.Length; i++)
        {
            var at = bytes.AsSpan(i * Size(type));
            var bits = BitConverter.SingleToUInt32Bits(values[i]);
            if (type == ScalarType.Float32) BinaryPrimitives.WriteSingleLittleEndian(at, values[i]);
            else if (type == ScalarType.Float16) BinaryPrimitives.WriteHalfLittleEndian(at, (Half)values[i]);
            else BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)(float.IsNaN(values[i]) ? 0x7FC0 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
        }
        return bytes;
    }

    /// <summary>Equal bit for bit, any NaN equal to any NaN.</summary>
    internal static void Equal(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, ScalarType type, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} bytes, expected {expected.Length}");
        if (expected.SequenceEqual(actual)) return;
        for (var i = 0; i < expected.Length / Size(type); i++)
        {
            var (e, a) = (Get(expected, type, i), Get(actual, type, i));
            var same = expected.Slice(i * Size(type), Size(type)).SequenceEqual(actual.Slice(i * Size(type), Size(type)));
            Assert.True(same || (float.IsNaN(e) && float.IsNaN(a)), $"{what}: element {i} is {a:R}, expected {e:R}");
        }
    }

    internal static void Equal(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} bytes, expected {expected.Length}");
        var at = expected.CommonPrefixLength(actual);
        Assert.True(at == expected.Length, at < expected.Length ? $"{what}: byte {at} is {actual[at]}, expected {expected[at]}" : what);
    }
}
