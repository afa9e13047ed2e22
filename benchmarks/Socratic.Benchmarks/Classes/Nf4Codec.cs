using BenchmarkDotNet.Attributes;
using Socratic.Training.Quantization;
using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Classes;

/// <summary>The 4-bit codec by each way that the processor has, one thread.</summary>
public class Nf4Codec
{
    private readonly QuantizationOptions options = new();
    private Tensor weight = null!;
    private Tensor buffer = null!;
    private QuantizedTensor quantized = null!;

    public static IEnumerable<string> Paths => VectorPaths.Available.Select(p => p.ToString());

    [ParamsSource(nameof(Paths))]
    public string Path { get; set; } = "";

    [Params("BFloat16", "Float16", "Float32")]
    public string Dtype { get; set; } = "";

    [GlobalSetup]
    public void Prepare()
    {
        set_num_threads(1);
        VectorPaths.Current = Enum.Parse<VectorPath>(Path);
        weight = randn(2304, 2304).to(Enum.Parse<ScalarType>(Dtype));
        buffer = empty_like(weight);
        quantized = QuantizedTensor.Quantize(weight, options);
    }

    [GlobalCleanup]
    public void Free()
    {
        weight.Dispose();
        buffer.Dispose();
        quantized.Dispose();
    }

    [Benchmark]
    public void Dequantize() => quantized.Dequantize(buffer);

    [Benchmark]
    public void Quantize() => QuantizedTensor.Quantize(weight, options).Dispose();
}
