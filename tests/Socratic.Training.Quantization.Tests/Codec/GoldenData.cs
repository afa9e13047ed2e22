using Socratic.Testing.Golden;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>Reference values as torch tensors, and comparisons bit for bit.</summary>
internal static class GoldenData
{
    public const string Area = "nf4";

    public static GoldenTensors Open(GoldenEntry entry, string property = "file") => new(GoldenRoot.File(Area, entry[property]));

    public static QuantizationType Type(GoldenEntry entry) => entry["quant_type"] switch
    {
        "nf4" => QuantizationType.NF4,
        "fp4" => QuantizationType.FP4,
        var other => throw new InvalidDataException($"quant_type {other}"),
    };

    public static Tensor Tensor(GoldenTensors file, string name)
    {
        var tensor = empty(file.Shape(name), Dtype(file.Dtype(name)));
        if (tensor.numel() > 0) file.Bytes(name).CopyTo(tensor.bytes);
        return tensor;
    }

    public static ScalarType Dtype(string stored) => stored switch
    {
        "F32" or "f32" => ScalarType.Float32,
        "BF16" or "bf16" => ScalarType.BFloat16,
        "F16" or "f16" => ScalarType.Float16,
        "U8" => ScalarType.Byte,
        _ => throw new InvalidDataException($"dtype {stored}"),
    };

    /// <summary>Shape, dtype and every bit; any NaN equals any NaN.</summary>
    public static void Equal(GoldenTensors file, string name, Tensor actual)
    {
        using var expected = Tensor(file, name);
        Equal(expected, actual, name);
    }

    public static void Equal(Tensor expected, Tensor actual, string what)
    {
        Assert.True(expected.dtype == actual.dtype && expected.shape.SequenceEqual(actual.shape), $"{what}: {actual.dtype} [{string.Join(", ", actual.shape)}], expected {expected.dtype} [{string.Join(", ", expected.shape)}]");
        var (wanted, found, size) = (Canonical(expected), Canonical(actual), (int)expected.element_size());
        for (var i = 0; i < wanted.Length; i += size)
        {
            Assert.True(
                wanted.AsSpan(i, size).SequenceEqual(found.AsSpan(i, size)),
                $"{what}: element {i / size} is {Convert.ToHexString(found.AsSpan(i, size))}, expected {Convert.ToHexString(wanted.AsSpan(i, size))} (lowest byte first)");
        }
    }

    // The bytes, with every NaN made one.
    private static byte[] Canonical(Tensor tensor)
    {
        if (tensor.numel() == 0) return [];
        var bytes = tensor.bytes.ToArray();
        var size = (int)tensor.element_size();
        for (var i = 0; tensor.is_floating_point() && i < bytes.Length; i += size)
        {
            var element = bytes.AsSpan(i, size);
            var isNaN = tensor.dtype switch
            {
                ScalarType.Float32 => float.IsNaN(BitConverter.ToSingle(element)),
                ScalarType.Float16 => Half.IsNaN(BitConverter.ToHalf(element)),
                _ => (BitConverter.ToUInt16(element) & 0x7FFF) > 0x7F80,
            };
            if (isNaN) element.Fill(0xFF);
        }
        return bytes;
    }
}
