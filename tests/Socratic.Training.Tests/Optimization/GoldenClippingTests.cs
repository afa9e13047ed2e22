using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Optimization;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Optimization;

/// <summary>Norm, factor and clipped gradients. Where the norm is not finite ours makes no update: norm and factor are compared, and that AdamW refuses.</summary>
public sealed class GoldenClippingTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("trainer", "clipping")]
    [Trait("Kind", "Golden")]
    public void Gradients_are_clipped_as_in_the_reference(GoldenEntry entry) => GoldenReport.Run("trainer", entry.Name, () =>
    {
        var data = GoldenRoot.Json(GoldenRoot.File("trainer", entry["folder"], "cases.json"));
        var tensors = new GoldenTensors(GoldenRoot.File("trainer", entry["folder"], "clipping.safetensors"));
        foreach (var item in data.GetProperty("cases").EnumerateArray()) Check(item, tensors);
    });

    private static void Check(JsonElement data, GoldenTensors golden)
    {
        using var scope = NewDisposeScope();
        var name = data.GetProperty("name").GetString()!;
        var keys = golden.Names.Where(n => n.StartsWith(name + ".", StringComparison.Ordinal) && n.EndsWith(".grad", StringComparison.Ordinal)).Select(n => n.Split('.')[1]).ToList();
        var type = golden.Dtype($"{name}.{keys[0]}.grad") == "BF16" ? ScalarType.BFloat16 : ScalarType.Float32;
        var parameters = keys.Select(k => new TrainableParameter(k, new Parameter(zeros(golden.Shape($"{name}.{k}.grad"), type), true))).ToList();
        using var gradients = new GradientBuffer(parameters);
        foreach (var p in parameters) (p.Value * tensor(golden.Floats($"{name}.{p.Name}.grad")).view(p.Value.shape).to(type)).sum().backward();

        var norm = gradients.Measure();
        Assert.Equal(data.GetProperty("norm_dtype").GetString() == "bfloat16", norm.IsBFloat16);
        var expected = Number(data.GetProperty("total_norm"));
        Close.Relative(expected, norm.Total, 1e-6, $"{name}: norm");
        var factor = norm.ClipFactor(Number(data.GetProperty("max_norm")));
        Close.Relative(Number(data.GetProperty("factor")), factor, 1e-6, $"{name}: factor");
        Assert.Equal(data.GetProperty("error_if_nonfinite_true").ValueKind == JsonValueKind.Null, norm.IsFinite);
        if (double.IsFinite(expected))
        {
            gradients.Scale(factor);
            foreach (var p in parameters) CheckClipped(golden, $"{name}.{p.Name}.clipped", gradients[p.Name]!.to(ScalarType.Float32).data<float>().ToArray(), type);
        }
        else
        {
            Assert.NotNull(gradients.FirstNonFinite());
            if (!double.IsFinite(factor)) RefusesTheStep(parameters, gradients, factor);
        }
    }

    private static void CheckClipped(GoldenTensors golden, string name, float[] actual, ScalarType type)
    {
        foreach (var (i, expected) in golden.Floats(name).Index()) Close.Relative(expected, actual[i], type == ScalarType.BFloat16 ? 1e-2 : 1e-6, $"{name}[{i}]");
    }

    private static void RefusesTheStep(IReadOnlyList<TrainableParameter> parameters, GradientBuffer gradients, double factor)
    {
        using var optimizer = new AdamW([new OptimizerGroup(parameters, 0.1)]);
        Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.Step(gradients, factor));
        Assert.All(parameters, p => Assert.Equal(0, p.Value.abs().sum().ToSingle()));
    }

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.String ? double.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : value.GetDouble();
}
