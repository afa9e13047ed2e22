using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>AdamW with 8-bit moments, one step at a time from the reference's own state, at its tolerances; the same bits in every order.</summary>
[Trait("Kind", "Golden")]
public sealed class AdamW8GoldenTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "adamw8bit", Having = "has_expected")]
    public void AStepEqualsTheReference(GoldenEntry entry) => GoldenReport.Run("nf4", entry.Name, () =>
    {
        Check([.. ShimLauncher.All()], entry);
    });

    internal static void Check(IKernelLauncher[] launchers, GoldenEntry entry)
    {
        var file = new GoldenTensors(GoldenRoot.File("nf4", entry["file"]));
        for (var step = 0; step < entry.Json.GetProperty("steps").GetInt32(); step++)
        {
            var first = (byte[][]?)null;
            foreach (var launcher in launchers)
            {
                var result = Step(launcher, entry, file, step);
                if (first is null) Check(entry, file, step, first = result);
                else for (var i = 0; i < result.Length; i++) Bits.Equal(first[i], result[i], $"another order or build, output {i}");
            }
        }
    }

    /// <summary>Parameter, codes and scales after one step.</summary>
    private static byte[][] Step(IKernelLauncher launcher, GoldenEntry entry, GoldenTensors file, int step)
    {
        var json = entry.Json;
        var type = Bits.TypeOf(entry["dtype"]);
        var count = json.GetProperty("n").GetInt32();
        var blocks = (count + 255) / 256;
        var betas = json.GetProperty("betas");
        var update = AdamW8Step.At(step + 1, json.GetProperty("lr").GetDouble(), betas[0].GetDouble(), betas[1].GetDouble(), json.GetProperty("eps").GetDouble(), json.GetProperty("weight_decay").GetDouble());

        using var gradient = NativeBuffer.Of(Row(file, "grads", step, count * Bits.Size(type)));
        using var map1 = NativeBuffer.Of<float>(KernelTables.Signed());
        using var map2 = NativeBuffer.Of<float>(KernelTables.Unsigned());
        using var parameter = NativeBuffer.Of(step == 0 ? file.Bytes("p0") : Row(file, "expected.p", step - 1, count * Bits.Size(type)));
        using var state1 = Before(file, "expected.state1", step, count);
        using var state2 = Before(file, "expected.state2", step, count);
        using var absmax1 = Before(file, "expected.absmax1", step, blocks * 4);
        using var absmax2 = Before(file, "expected.absmax2", step, blocks * 4);
        KernelCalls.AdamW8(launcher, new(parameter.Pointer, gradient.Pointer, state1.Pointer, absmax1.Pointer, map1.Pointer, state2.Pointer, absmax2.Pointer, map2.Pointer), type, update, count);
        return [parameter.Bytes.ToArray(), state1.Bytes.ToArray(), absmax1.Bytes.ToArray(), state2.Bytes.ToArray(), absmax2.Bytes.ToArray()];
    }

    private static void Check(GoldenEntry entry, GoldenTensors file, int step, byte[][] result)
    {
        var type = Bits.TypeOf(entry["dtype"]);
        var before = Bits.Floats(step == 0 ? file.Bytes("p0") : Row(file, "expected.p", step - 1, result[0].Length), type);
        var expected = Bits.Floats(Row(file, "expected.p", step, result[0].Length), type);
        var actual = Bits.Floats(result[0], type);
        var (ofValue, ofUpdate) = type switch { ScalarType.Float32 => (1e-6, 5e-5), ScalarType.BFloat16 => (1.6e-2, 1.6e-2), _ => (2e-3, 2e-3) };
        for (var i = 0; i < expected.Length; i++)
        {
            var allowed = (ofValue * Math.Abs(expected[i])) + (ofUpdate * Math.Abs(expected[i] - before[i]));
            Assert.True(Math.Abs(actual[i] - expected[i]) <= allowed, $"step {step + 1}: parameter {i} is {actual[i]:R}, expected {expected[i]:R}");
        }
        foreach (var (name, index) in new[] { ("expected.state1", 1), ("expected.state2", 3) })
        {
            var codes = Row(file, name, step, result[index].Length);
            var equal = 0;
            for (var i = 0; i < codes.Length; i++) equal += codes[i] == result[index][i] ? 1 : 0;
            Assert.True(equal >= 0.998 * codes.Length, $"step {step + 1}: {codes.Length - equal} of {codes.Length} codes of {name} differ");
        }
        foreach (var (name, index) in new[] { ("expected.absmax1", 2), ("expected.absmax2", 4) })
        {
            var (scales, ours) = (Bits.Floats(Row(file, name, step, result[index].Length), ScalarType.Float32), Bits.Floats(result[index], ScalarType.Float32));
            for (var i = 0; i < scales.Length; i++) Close.Relative(scales[i], ours[i], 1e-6, $"step {step + 1}: {name}[{i}]");
        }
    }

    private static NativeBuffer Before(GoldenTensors file, string name, int step, int bytes) => NativeBuffer.Of(step == 0 ? new byte[bytes] : Row(file, name, step - 1, bytes));

    private static ReadOnlySpan<byte> Row(GoldenTensors file, string name, int row, int bytes) => file.Bytes(name).Slice(row * bytes, bytes);
}
