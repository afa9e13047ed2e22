using Socratic.Testing.Golden;
using Socratic.Training.Layers;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Files;
using Socratic.Training.Quantization.Layers;
using Socratic.Training.Quantization.Tests.Codec;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Layers;

/// <summary>The layer's forward and backward, and its stored form, as the reference's.</summary>
public sealed class LinearGoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "linear4bit"), Trait("Kind", "Golden")]
    public void TheLayerEqualsTheReference(GoldenEntry entry) => GoldenReport.Run(GoldenData.Area, entry.Name, () => Check(entry));

    internal static void Check(GoldenEntry entry)
    {
        using var scope = NewDisposeScope();
        var file = GoldenData.Open(entry);
        var source = new GoldenSource(file);
        using var layer = Layer(entry, file, source);
        CheckStored(file, layer);
        CheckSource(entry, file, layer.Weight);
        CheckWeights(file, layer);
        CheckProducts(entry, file, layer);
    }

    private static QuantizedLinear Layer(GoldenEntry entry, GoldenTensors file, GoldenSource source)
    {
        var shape = entry.Json.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToArray();
        var weight = StoredWeight.Read(source, shape[1], shape[0]);
        Assert.Equal(GoldenData.Type(entry), weight.Type);
        Assert.Equal(entry.Json.GetProperty("block_size").GetInt32(), weight.BlockSize);
        Assert.Equal(entry.Json.GetProperty("nested").GetBoolean(), weight.Nested is not null);
        Assert.Equal(Dtype(entry["weight_dtype"]), weight.Dtype);
        var bias = entry.Json.GetProperty("bias").GetBoolean() ? new Parameter(GoldenData.Tensor(file, "bias")) : null;
        var compute = entry["compute_dtype"] switch { "float32" => QuantizedComputeDtype.Float32, "bfloat16" => QuantizedComputeDtype.BFloat16, _ => QuantizedComputeDtype.Float16 };
        return new QuantizedLinear(weight, bias, compute, ScalarType.Float32);
    }

    private static void CheckStored(GoldenTensors file, QuantizedLinear layer)
    {
        var stored = layer.StoredTensors().Where(t => t.Key != "bias").ToArray();
        Assert.Equal(file.Names.Where(n => n == "weight" || n.StartsWith("weight.", StringComparison.Ordinal)).Order(StringComparer.Ordinal), stored.Select(t => t.Key).Order(StringComparer.Ordinal));
        foreach (var (name, tensor) in stored) GoldenData.Equal(file, name, tensor);
    }

    // bitsandbytes' CPU codes are ours but for exact ties and the last, partial block; the scales are a maximum, so exact.
    private static void CheckSource(GoldenEntry entry, GoldenTensors file, QuantizedTensor stored)
    {
        using var mine = QuantizedTensor.Quantize(
            GoldenData.Tensor(file, "source_weight"), new QuantizationOptions { Type = stored.Type, BlockSize = stored.BlockSize, DoubleQuantization = stored.Nested is not null }, stored.Nested?.Offset);
        Assert.Equal(Dtype(entry["weight_dtype"]), mine.Dtype);
        using var difference = mine.Dequantize(ScalarType.Float32) - stored.Dequantize(ScalarType.Float32);
        var source = GoldenData.Tensor(file, "source_weight").to(ScalarType.Float32);
        Assert.True(difference.ne(0).sum().ToInt64() <= source.numel() / 50, "more than one weight in fifty has another value than in the reference");
    }

    private static void CheckWeights(GoldenTensors file, QuantizedLinear layer)
    {
        var compute = layer.ComputeType;
        Assert.Equal(compute, GoldenData.Dtype(file.Dtype("forward_weight")));
        GoldenData.Equal(file, "forward_weight", layer.Weight.Dequantize(compute));
        GoldenData.Equal(file, "backward_weight", layer.Weight.Dequantize(layer.Weight.Dtype).to(compute));
    }

    private static void CheckProducts(GoldenEntry entry, GoldenTensors file, QuantizedLinear layer)
    {
        var tolerance = entry["compute_dtype"] switch { "float32" => 2e-6, "bfloat16" => 8e-3, _ => 1e-3 };
        // What comes in and goes out in a narrower dtype is rounded to it besides.
        if (entry["input_dtype"] == "bfloat16") tolerance = Math.Max(tolerance, 8e-3);
        var input = GoldenData.Tensor(file, "x").requires_grad_();
        using var plain = Plain(layer, input);
        using var output = layer.call(input);
        GoldenData.Equal(plain, output, "y without a graph");
        output.backward([GoldenData.Tensor(file, "dy")]);
        Compare(file, output, "y", tolerance);
        Compare(file, input.grad!, "dx", tolerance);
        if (layer.Bias is { } bias) Compare(file, bias.grad!, "dbias", tolerance);
    }

    private static Tensor Plain(LinearLayer layer, Tensor input)
    {
        using var none = no_grad();
        return layer.call(input);
    }

    private static void Compare(GoldenTensors file, Tensor actual, string name, double tolerance)
    {
        Assert.Equal(file.Shape(name), actual.shape);
        if (name != "dbias") Assert.Equal(GoldenData.Dtype(file.Dtype(name)), actual.dtype);
        var values = actual.detach().to(ScalarType.Float32).data<float>().ToArray();
        Close.OfLargest(values, file.Floats(name), tolerance, name);
        var exact = name + "_exact_f64";
        if (file.Has(exact)) Close.OfLargest(values, file.Floats(exact), tolerance, exact);
    }

    private static ScalarType Dtype(string name) => QuantizationNames.Dtype(name)!.Value;
}
