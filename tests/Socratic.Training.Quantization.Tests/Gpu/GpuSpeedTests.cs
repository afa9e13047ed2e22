using System.Diagnostics;
using System.Globalization;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Kernels;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Gpu;

/// <summary>Measures and writes to the file that <c>SOCRATIC_GPU_REPORT</c> names: bandwidth against a copy on the device, and a QLoRA step over Gemma 2 2B's linear layers.</summary>
[Trait("Device", "Gpu")]
public sealed class GpuSpeedTests
{
    private const long Outputs = 9216, Inputs = 2304;

    // Outputs and inputs of a layer's projections: q, k, v, o, gate, up, down.
    private static readonly (long Outputs, long Inputs)[] Projections = [(2048, 2304), (1024, 2304), (1024, 2304), (2304, 2048), (9216, 2304), (9216, 2304), (2304, 9216)];

    [Fact]
    public void BandwidthAgainstACopy()
    {
        GpuHere.Require();
        using var scope = NewDisposeScope();
        using var none = no_grad();
        // More than a second-level cache holds, used by turns.
        var sources = Enumerable.Range(0, 4).Select(_ => randn([Outputs, Inputs], ScalarType.BFloat16, CUDA)).ToArray();
        var targets = sources.Select(s => empty_like(s)).ToArray();
        var weights = sources.Select(s => QuantizedTensor.Quantize(s, new())).ToArray();
        var count = Outputs * Inputs;
        var copy = Rate(i => targets[i].copy_(sources[i]), count * 4);
        Report($"copy on the device: {copy:0} GB/s");
        Compare($"dequantize to bf16, nested", Rate(i => weights[i].Dequantize(targets[i]), count * (2 + 0.5 + (1 / 64.0) + (4 / 16384.0))), copy);
        Compare($"quantize from bf16", Rate(i => Discard(GpuFourBit.Quantize(GpuFourBit.LauncherOf(sources[i]), sources[i], new() { DoubleQuantization = false })), count * (2 + 0.5 + (4 / 64.0))), copy);
        foreach (var rows in new[] { 1, 4, 16 })
        {
            var x = randn([rows, Inputs], ScalarType.BFloat16, CUDA);
            Compare($"product of {rows} rows", Rate(i => GpuFourBit.Product(GpuFourBit.LauncherOf(x)!, weights[i], x, null).Dispose(), count * (0.5 + (1 / 64.0) + (4 / 16384.0))), copy);
        }
        foreach (var weight in weights) weight.Dispose();
    }

    [Fact]
    public void AQLoraStep()
    {
        GpuHere.Require();
        using var scope = NewDisposeScope();
        const int Tokens = 2048, Rank = 16, Layers = 26;
        using var none = no_grad();
        var weights = Projections.Select(p => QuantizedTensor.Quantize(randn([p.Outputs, p.Inputs], ScalarType.BFloat16, CUDA), new())).ToArray();
        var scratch = empty([Outputs * Inputs], ScalarType.BFloat16, CUDA);
        var x = Projections.Select(p => randn([Tokens, p.Inputs], ScalarType.BFloat16, CUDA)).ToArray();
        var dy = Projections.Select(p => randn([Tokens, p.Outputs], ScalarType.BFloat16, CUDA)).ToArray();
        var a = Projections.Select(p => randn([Rank, p.Inputs], ScalarType.BFloat16, CUDA)).ToArray();
        var b = Projections.Select(p => randn([p.Outputs, Rank], ScalarType.BFloat16, CUDA)).ToArray();

        Tensor Dense(int i)
        {
            var weight = scratch.narrow(0, 0, weights[i].Count).view(weights[i].Shape);
            weights[i].Dequantize(weight);
            return weight;
        }

        var whole = Seconds(turn =>
        {
            for (var i = 0; i < weights.Length; i++)
            {
                using var inner = NewDisposeScope();
                var half = x[i].mm(a[i].t());
                x[i].mm(Dense(i).t()).add_(half.mm(b[i].t()), One);
                var back = dy[i].mm(b[i]);
                dy[i].mm(Dense(i)).add_(back.mm(a[i]), One);
                dy[i].t().mm(half);
                back.t().mm(x[i]);
            }
        });
        var dequantizing = Seconds(_ =>
        {
            for (var i = 0; i < weights.Length; i++)
            {
                Dense(i).Dispose();
                Dense(i).Dispose();
            }
        });
        Report($"QLoRA step, linear layers of Gemma 2 2B, {Tokens} tokens, rank {Rank}: {whole * Layers * 1e3:0.0} ms, of which dequantizing {dequantizing * Layers * 1e3:0.0} ms");
        foreach (var weight in weights) weight.Dispose();
    }

    private static readonly TorchSharp.Scalar One = TorchSharp.ScalarExtensionMethods.ToScalar(1);

    private static void Discard((Tensor Packed, Tensor Absmax, NestedScales? Nested, bool IsFinite) made)
    {
        made.Packed.Dispose();
        made.Absmax.Dispose();
        made.Nested?.Dispose();
    }

    // Gigabytes a second.
    private static double Rate(Action<int> work, double bytes) => bytes / Seconds(work) / 1e9;

    private static double Seconds(Action<int> work)
    {
        const int Times = 200;
        for (var i = 0; i < 8; i++) work(i % 4);
        cuda.synchronize();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Times; i++) work(i % 4);
        cuda.synchronize();
        return clock.Elapsed.TotalSeconds / Times;
    }

    private static void Compare(FormattableString what, double rate, double copy) => Report($"{what}: {rate:0} GB/s, {rate / copy:P0} of the copy");

    private static void Report(FormattableString line)
    {
        var text = line.ToString(CultureInfo.InvariantCulture);
        if (Environment.GetEnvironmentVariable("SOCRATIC_GPU_REPORT") is { Length: > 0 } path) File.AppendAllText(path, text + "\n");
    }
}
