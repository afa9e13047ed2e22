using System.Globalization;
using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Layers;
using Socratic.Training.Tests.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers;

/// <summary>Single layers, in float32 and in bfloat16, where the casts have to be in the reference's order.</summary>
[Trait("Kind", "Golden")]
public sealed class GoldenBlocksTests
{
    private const string Area = GoldenModelCase.Area;

    // One step of bfloat16.
    private const double Step = 1.0 / 256;

    private static readonly (string Name, ScalarType Dtype)[] Dtypes = [("float32", ScalarType.Float32), ("bfloat16", ScalarType.BFloat16)];

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "blocks")]
    public void Norms_agree(GoldenEntry entry) => Each(entry, (values, _, name, dtype) =>
    {
        foreach (var golden in values.Names.Where(n => n.StartsWith("rmsnorm.", StringComparison.Ordinal) && n.EndsWith(name, StringComparison.Ordinal)))
        {
            var parts = golden.Split('.');
            var kind = parts[1] == "gemma" ? NormKind.OnePlusWeight : NormKind.Weight;
            var epsilon = double.Parse(parts[2]["eps_".Length..], CultureInfo.InvariantCulture);
            using var norm = new RmsNorm(new Parameter(Read(values, "rmsnorm.weight", dtype)), epsilon, kind);
            Agree(values, golden, norm.call(Read(values, "rmsnorm.x", dtype)), dtype);
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "blocks")]
    public void Activations_agree(GoldenEntry entry) => Each(entry, (values, _, name, dtype) =>
    {
        var x = Read(values, "activation.x", dtype);
        Agree(values, $"activation.gelu_pytorch_tanh.{name}", Activation.GeluTanh.Apply(x), dtype);
        Agree(values, $"activation.silu.{name}", Activation.Silu.Apply(x), dtype);
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "blocks")]
    public void Rotation_agrees(GoldenEntry entry) => Each(entry, (values, json, name, dtype) =>
    {
        using var table = new RotaryTable(new RotarySpecification(json.GetProperty("rope_theta").GetDouble(), json.GetProperty("head_dim").GetInt32()), CPU);
        var positions = tensor(values.Integers("rope.position_ids"));
        var (cos, sin) = table.For(values.Integers("rope.position_ids").Max() + 1);
        cos = cos.index_select(0, positions).to(dtype);
        sin = sin.index_select(0, positions).to(dtype);
        Agree(values, $"rope.cos.{name}", cos, dtype);
        Agree(values, $"rope.sin.{name}", sin, dtype);
        foreach (var which in new[] { "q", "k" }) Agree(values, $"rope.{which}_rotated.{name}", EagerAttention.Rotate(Read(values, $"rope.{which}", dtype), cos, sin), dtype);
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "blocks")]
    public void Attention_agrees(GoldenEntry entry) => Each(entry, (values, json, name, dtype) =>
    {
        var shape = values.Shape("attention.allowed");
        var lowest = dtype == ScalarType.BFloat16 ? BitConverter.UInt32BitsToSingle(0xFF7F0000) : float.MinValue;
        var mask = tensor(values.Integers("attention.allowed").Select(a => a == 1 ? 0f : lowest).ToArray(), [1, 1, 1, .. shape]).to(dtype);
        foreach (var (kind, cap) in new[] { ("plain", (double?)null), ("softcap", json.GetProperty("attention_softcap").GetDouble()) })
        {
            using Scalar scale = json.GetProperty("attention_scaling").GetDouble();
            var weights = EagerAttention.Weights(Read(values, "attention.q", dtype), Read(values, "attention.k", dtype), mask, scale, cap is { } c ? (Scalar)c : null);
            Agree(values, $"attention.{kind}.weights.{name}", weights, dtype);
            Agree(values, $"attention.{kind}.out.{name}", EagerAttention.Mix(weights, Read(values, "attention.v", dtype)).transpose(1, 2), dtype);
        }
    });

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "blocks")]
    public void Embedding_and_soft_cap_agree(GoldenEntry entry) => Each(entry, (values, json, name, dtype) =>
    {
        using var embedding = new TokenEmbedding(new Parameter(Read(values, "embedding.weight", dtype)), null, json.GetProperty("embedding_scale").GetDouble());
        Agree(values, $"embedding.gemma.{name}", embedding.call(tensor(values.Integers("embedding.ids"), values.Shape("embedding.ids"))), dtype);
        using Scalar cap = json.GetProperty("final_softcap").GetDouble();
        Agree(values, $"softcap.{name}", EagerAttention.SoftCap(Read(values, "softcap.x", dtype), cap), dtype);
    });

    private static void Each(GoldenEntry entry, Action<GoldenTensors, JsonElement, string, ScalarType> check) => GoldenReport.Run(Area, entry.Name, () =>
    {
        var values = new GoldenTensors(GoldenRoot.File(Area, entry["path"], "golden.safetensors"));
        var json = GoldenRoot.Json(GoldenRoot.File(Area, entry["path"], "golden.json"));
        foreach (var (name, dtype) in Dtypes)
        {
            using var scope = NewDisposeScope();
            using var none = no_grad();
            check(values, json, name, dtype);
        }
    });

    private static Tensor Read(GoldenTensors values, string name, ScalarType dtype) => tensor(values.Floats(name), values.Shape(name)).to(dtype);

    private static void Agree(GoldenTensors values, string name, Tensor actual, ScalarType dtype)
    {
        Assert.Equal(values.Shape(name), actual.shape);
        Assert.Equal(dtype, actual.dtype);
        var (expected, got) = (values.Floats(name), GoldenModelCase.Floats(actual));
        if (dtype == ScalarType.Float32) Close.OfLargest(got, expected, GoldenModelCase.StateLargest, name);
        else
            for (var i = 0; i < expected.Length; i++) Close.Relative(expected[i], got[i], Step, $"{name}[{i}]");
    }
}
