using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>The reference's 4-bit linear layers: what each direction multiplies by, and the product of a few rows.</summary>
[Trait("Kind", "Golden")]
public sealed class ProductGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "linear4bit")]
    public void ALayerEqualsTheReference(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () =>
    {
        foreach (var launcher in ShimLauncher.All()) Check(launcher, entry);
    });

    internal static void Check(IKernelLauncher launcher, GoldenEntry entry)
    {
        var file = new GoldenTensors(GoldenRoot.File("nf4", entry["file"]));
        var shape = entry.Json.GetProperty("shape");
        var (outputs, inputs) = (shape[0].GetInt32(), shape[1].GetInt32());
        var isNested = entry.Json.GetProperty("nested").GetBoolean();
        using var state = JsonDocument.Parse(file.Bytes($"weight.quant_state.bitsandbytes__{entry["quant_type"]}").ToArray());
        using var packed = NativeBuffer.Of(file.Bytes("weight"));
        using var absmax = NativeBuffer.Of(file.Bytes("weight.absmax"));
        using var map = NativeBuffer.Of(isNested ? file.Bytes("weight.nested_quant_map") : []);
        using var nestedAbsmax = NativeBuffer.Of(isNested ? file.Bytes("weight.nested_absmax") : []);
        var weight = new FourBitPointers(packed.Pointer, absmax.Pointer, 0, 0, 0, 0, 0, (long)outputs * inputs, entry.Json.GetProperty("block_size").GetInt32(), entry["quant_type"] == "fp4");
        if (isNested)
            weight = weight with
            {
                Absmax = 0, Codes = absmax.Pointer, Map = map.Pointer, NestedAbsmax = nestedAbsmax.Pointer,
                Offset = state.RootElement.GetProperty("nested_offset").GetSingle(), NestedBlockSize = state.RootElement.GetProperty("nested_blocksize").GetInt32(),
            };

        var compute = Bits.TypeOf(entry["compute_dtype"]);
        Weight(launcher, weight, compute, file, "forward_weight");
        Weight(launcher, weight, Bits.TypeOf(entry["weight_dtype"]), file, "backward_weight");

        using var x = NativeBuffer.Of(Bits.Of(file.Floats("x"), compute));
        using var bias = NativeBuffer.Of(file.Has("bias") ? Bits.Of(file.Floats("bias"), compute) : []);
        var rows = x.Bytes.Length / Bits.Size(compute) / inputs;
        using var y = new NativeBuffer((long)rows * outputs * Bits.Size(compute));
        for (var row = 0; row < rows; row += KernelCalls.MostRows)
            KernelCalls.Product(launcher, weight, compute, x.Pointer + (row * inputs * Bits.Size(compute)), file.Has("bias") ? bias.Pointer : 0, y.Pointer + (row * outputs * Bits.Size(compute)),
                Math.Min(KernelCalls.MostRows, rows - row), outputs, inputs);
        var actual = Bits.Floats(y.Bytes, compute);
        Close.OfLargest(actual, file.Floats("y_exact_f64"), Tolerance(compute), "y against float64");
        // The layer gives its result in x's type.
        var given = Bits.TypeOf(entry["input_dtype"]);
        Close.OfLargest(Bits.Floats(Bits.Of(actual, given), given), file.Floats("y"), Math.Max(Tolerance(compute), Tolerance(given)), "y");
    }

    private static double Tolerance(ScalarType type) => type switch { ScalarType.Float32 => 2e-6, ScalarType.BFloat16 => 8e-3, _ => 1e-3 };

    // A weight kept in another type is rounded to its own first, then cast: the values are what the file says.
    private static void Weight(IKernelLauncher launcher, in FourBitPointers weight, ScalarType type, GoldenTensors file, string name)
    {
        using var output = new NativeBuffer(weight.Count * Bits.Size(type));
        KernelCalls.Dequantize(launcher, weight, type, output.Pointer);
        var stored = Bits.TypeOf(file.Dtype(name));
        Bits.Equal(file.Bytes(name), Bits.Of(Bits.Floats(output.Bytes, type), stored), stored, name);
    }
}
