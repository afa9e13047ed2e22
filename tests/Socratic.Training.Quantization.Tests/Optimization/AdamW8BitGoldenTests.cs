using Socratic.Testing.Golden;
using Socratic.Training.Optimization;
using Socratic.Training.Quantization.Tests.Codec;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Optimization;

/// <summary>The public optimizer, one step at a time from the state that the reference had before it.</summary>
public sealed class AdamW8BitGoldenTests
{
    private const string Name = "w";

    [Theory(SkipTestWithoutData = true), GoldenCases("nf4", "adamw8bit"), Trait("Kind", "Golden")]
    public void AStepEqualsTheReference(GoldenEntry entry) => GoldenReport.Run(GoldenData.Area, $"{entry.Name}, the optimizer", () => Check(entry));

    internal static void Check(GoldenEntry entry)
    {
        var file = GoldenData.Open(entry);
        var is8Bit = entry.Json.GetProperty("state_bits").GetInt32() == 8;
        var prefix = entry.Json.GetProperty("has_expected").GetBoolean() ? "expected" : "bnb_cpu";
        for (var step = 0; step < entry.Json.GetProperty("steps").GetInt32(); step++)
        {
            using var scope = NewDisposeScope();
            var before = step == 0 ? GoldenData.Tensor(file, "p0") : Row(file, $"{prefix}.p", step - 1);
            var state = Kinds(is8Bit).ToDictionary(k => $"{Name}.{k}", k => step == 0 ? Row(file, $"{prefix}.{k}", 0).zero_() : Row(file, $"{prefix}.{k}", step - 1));
            state[$"{Name}.step"] = tensor((long)step);
            var (after, ours) = Step(entry, before.clone(), Row(file, "grads", step), state);
            CheckParameter(before, Row(file, $"{prefix}.p", step), after, step);
            foreach (var kind in Kinds(is8Bit)) CheckState(Row(file, $"{prefix}.{kind}", step), ours[$"{Name}.{kind}"], $"step {step + 1}: {kind}");
            Assert.Equal(step + 1, ours[$"{Name}.step"].item<long>());
        }
    }

    private static string[] Kinds(bool is8Bit) => is8Bit ? ["state1", "absmax1", "state2", "absmax2"] : ["state1", "state2"];

    private static (Tensor Parameter, IReadOnlyDictionary<string, Tensor> State) Step(GoldenEntry entry, Tensor value, Tensor gradient, Dictionary<string, Tensor> state)
    {
        var json = entry.Json;
        var parameter = new TrainableParameter(Name, new Parameter(value, requires_grad: true));
        var group = new OptimizerGroup([parameter], json.GetProperty("lr").GetDouble(), json.GetProperty("weight_decay").GetDouble());
        var betas = json.GetProperty("betas");
        using var optimizer = new AdamW8Bit([group], betas[0].GetDouble(), betas[1].GetDouble(), json.GetProperty("eps").GetDouble());
        optimizer.LoadState(state);
        using var gradients = new GradientBuffer([parameter]);
        (parameter.Value * gradient).sum().backward();
        gradients.Measure();
        optimizer.Step(gradients);
        return (parameter.Value.detach(), optimizer.StateTensors().ToDictionary(s => s.Key, s => s.Value.clone()));
    }

    private static void CheckParameter(Tensor before, Tensor expected, Tensor actual, int step)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        var (ofValue, ofUpdate) = expected.dtype switch { ScalarType.Float32 => (1e-6, 5e-5), ScalarType.BFloat16 => (1.6e-2, 1.6e-2), _ => (2e-3, 2e-3) };
        var (from, wanted, found) = (Definition.Floats(before), Definition.Floats(expected), Definition.Floats(actual));
        Assert.Equal(wanted.Length, found.Length);
        for (var i = 0; i < wanted.Length; i++)
        {
            var allowed = ofValue * Math.Abs(wanted[i]) + ofUpdate * Math.Abs(wanted[i] - from[i]);
            Assert.True(Math.Abs(found[i] - wanted[i]) <= allowed, $"step {step + 1}: value {i} is {found[i]:R}, expected {wanted[i]:R}");
        }
    }

    private static void CheckState(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        if (expected.dtype == ScalarType.Byte)
        {
            var (wanted, found) = (expected.bytes.ToArray(), actual.bytes.ToArray());
            var different = wanted.Where((code, i) => code != found[i]).Count();
            Assert.True(wanted.Length == found.Length && different <= 0.002 * wanted.Length, $"{what}: {different} of {wanted.Length} codes differ");
            return;
        }
        var (values, ours) = (Definition.Floats(expected), Definition.Floats(actual));
        Assert.Equal(values.Length, ours.Length);
        // A moment, unlike a scale, may be the small difference of large terms.
        if (what.Contains("absmax", StringComparison.Ordinal)) for (var i = 0; i < values.Length; i++) Close.Relative(values[i], ours[i], 1e-6, $"{what}, value {i}");
        else Close.OfLargest(ours, values, 1e-6, what);
    }

    private static Tensor Row(GoldenTensors file, string name, int row)
    {
        using var all = GoldenData.Tensor(file, name);
        return all[row].clone();
    }
}
