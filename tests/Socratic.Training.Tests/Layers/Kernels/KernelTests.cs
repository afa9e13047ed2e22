using Socratic.Testing.Golden;
using Socratic.Training.Data;
using Socratic.Training.Layers;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Tests.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers.Kernels;

/// <summary>Each kernel against torch operators, values and gradients, at sizes that are no multiple of anything.</summary>
public sealed class KernelTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public KernelTests() => manual_seed(5);

    public void Dispose()
    {
        set_num_threads(1);
        scope.Dispose();
    }

    public static TheoryData<int, int, int, double?, int?, int> Attentions => new()
    {
        // heads, key heads, size, cap, window, threads
        { 4, 2, 16, 50, null, 1 }, { 4, 2, 16, 2, 5, 1 }, { 3, 1, 6, null, 1, 1 }, { 2, 2, 10, null, 70, 2 }, { 6, 3, 32, 30, 100, 2 },
    };

    [Theory, MemberData(nameof(Attentions))]
    public void Attention(int heads, int shared, int size, double? cap, int? window, int threads)
    {
        set_num_threads(threads);
        const int length = 210;
        var layout = new AttentionLayout(length, [[new(0, 1), new(1, 150)], [new(3, 64), new(67, 65), new(140, 9)], []]);
        var shape = new AttentionShape(heads, shared, size, 0.7 / Math.Sqrt(size), cap, window);
        using var table = new RotaryTable(new RotarySpecification(10000, size), CPU);
        var (q, k, v) = (Random(3, length, heads * size), Random(3, length, shared * size), Random(3, length, shared * size));
        var fused = FusedAttention.Apply(q, k, v, new(shape, table, layout.FlatDocuments()));
        var plain = Eager(q, k, v, shape, table, layout);
        var isToken = Tokens(layout);
        Near(plain * isToken, fused, "values");
        var direction = randn_like(fused) * isToken;
        Gradients((plain * direction).sum(), (fused * direction).sum(), [q, k, v], ["queries", "keys", "values"]);
    }

    [Fact]
    public void Attention_gives_only_the_gradients_that_are_wanted()
    {
        var shape = new AttentionShape(2, 1, 8, 0.3, 20, null);
        using var table = new RotaryTable(new RotarySpecification(10000, 8), CPU);
        foreach (var wanted in new[] { 0, 1, 2 })
        {
            Tensor[] inputs = [Random(1, 9, 16), Random(1, 9, 8), Random(1, 9, 8)];
            for (var i = 0; i < 3; i++) inputs[i].requires_grad = i == wanted;
            FusedAttention.Apply(inputs[0], inputs[1], inputs[2], new(shape, table, [(0, 9)])).square().sum().backward();
            var expected = inputs[wanted].detach().clone().requires_grad_(true);
            Tensor[] again = [.. inputs.Select((t, i) => i == wanted ? expected : t)];
            Eager(again[0], again[1], again[2], shape, table, AttentionLayout.Full(1, 9)).square().sum().backward();
            Near(expected.grad!, inputs[wanted].grad!, $"input {wanted}");
            Assert.All(Enumerable.Range(0, 3).Where(i => i != wanted), i => Assert.Null(inputs[i].grad));
        }
    }

    [Theory, InlineData(40, 1), InlineData(1, 1), InlineData(257, 2)]
    public void Norm(int size, int threads)
    {
        set_num_threads(threads);
        foreach (var kind in Enum.GetValues<NormKind>())
        {
            var x = Random(400, 2, size);
            using var norm = new RmsNorm(new Parameter(Random(size).detach().clone()), 1e-6, kind);
            var (fused, plain) = (norm.call(x), norm.Plain(x));
            Near(plain, fused, "values");
            var direction = randn_like(fused);
            Gradients((plain * direction).sum(), (fused * direction).sum(), [x, norm.Weight], ["input", "weight"]);
        }
    }

    [Theory, InlineData(1, 1), InlineData(1023, 1), InlineData(70001, 2)]
    public void Gate(int count, int threads)
    {
        set_num_threads(threads);
        foreach (var activation in new[] { Activation.Silu, Activation.GeluTanh })
        {
            var (gate, up) = ((Random(count).detach() * 4).requires_grad_(true), Random(count));
            var (fused, plain) = (FusedGate.Apply(gate, up, activation), activation.Apply(gate) * up);
            Near(plain, fused, "values");
            var direction = randn_like(fused);
            Gradients((plain * direction).sum(), (fused * direction).sum(), [gate, up], ["gate", "up"]);
        }
    }

    [Theory, InlineData(30.0, 0, 1), InlineData(null, 0, 1), InlineData(30.0, 0, 2), InlineData(30.0, 0.1, 1), InlineData(null, 0.3, 2)]
    public void Cross_entropy_of_more_rows_than_a_block(double? cap, double smoothing, int threads)
    {
        set_num_threads(threads);
        const int rows = HeadLoss.BlockRows + 44;
        var (hidden, weight) = (Random(rows, 12), (Random(333, 12).detach() * 5).requires_grad_(true));
        var targets = randint(0, 333, rows, dtype: ScalarType.Int64);
        var fused = HeadLoss.Sum(hidden, weight, targets, cap, smoothing);
        var logits = nn.functional.linear(hidden, weight);
        if (cap is { } c) logits = (logits / c).tanh() * c;
        var plain = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum, label_smoothing: smoothing);
        Near(plain, fused, "loss");
        Gradients(plain * 0.5, fused * 0.5, [hidden, weight], ["hidden", "weight"]);
        var (sum, likeliest) = HeadLoss.Evaluate(hidden, h => nn.functional.linear(h, weight), targets, cap, smoothing);
        Near(plain, sum, "evaluated loss");
        Assert.Equal(GoldenModelCase.Longs(logits.argmax(-1)), GoldenModelCase.Longs(likeliest));
        using (Fast.Off())
        {
            var slow = HeadLoss.Sum(hidden, weight, targets, cap, smoothing);
            Near(slow, fused, "loss by torch operators");
            Gradients(slow, HeadLoss.Sum(hidden, weight, targets, cap, smoothing), [hidden, weight], ["hidden", "weight"]);
        }
    }

    [Fact]
    public void Kernels_leave_no_tensor_behind()
    {
        using var norm = new RmsNorm(new Parameter(ones(40)), 1e-6, NormKind.Weight);
        using var table = new RotaryTable(new RotarySpecification(10000, 10), CPU);
        var shape = new AttentionShape(4, 4, 10, 0.3, null, null);
        var x = Random(5, 40);
        TinyModel.Settle();
        long[] counts = [.. Enumerable.Range(0, 3).Select(_ => Work())];
        Assert.Equal(counts[0], counts[2]);

        long Work()
        {
            using (NewDisposeScope())
            {
                var y = norm.call(x);
                FusedAttention.Apply(y, FusedGate.Apply(y, x, Activation.Silu), y, new(shape, table, [(0, 5)])).sum().backward();
                using var none = no_grad();
                _ = norm.call(x);
            }
            return Tensor.TotalCount;
        }
    }

    private static Tensor Eager(Tensor q, Tensor k, Tensor v, AttentionShape shape, RotaryTable table, AttentionLayout layout)
    {
        using var plan = new AttentionPlan(layout, CPU, ScalarType.Float32);
        var (cos, sin) = plan.Rotary(table);
        Tensor Heads(Tensor x, int heads) => x.view(layout.Rows, layout.Length, heads, shape.HeadDimension);
        var queries = EagerAttention.Rotate(Heads(q, shape.Heads), cos, sin).transpose(1, 2);
        var keys = EagerAttention.Rotate(Heads(k, shape.KeyValueHeads), cos, sin).transpose(1, 2);
        var weights = EagerAttention.Weights(queries, keys, plan.Mask(shape.Window), shape.Scale, shape.SoftCap is { } cap ? (Scalar)cap : null);
        return EagerAttention.Mix(weights, Heads(v, shape.KeyValueHeads).transpose(1, 2)).transpose(1, 2).reshape(q.shape);
    }

    /// <summary>[rows, length, 1]: 1 at tokens, 0 at padding.</summary>
    private static Tensor Tokens(AttentionLayout layout)
        => tensor(layout.DocumentNumbers().Keys.Select(d => d >= 0 ? 1f : 0f).ToArray(), [layout.Rows, layout.Length, 1]);

    private static Tensor Random(params long[] shape) => randn(shape).requires_grad_(true);

    private static void Gradients(Tensor plain, Tensor fused, Tensor[] inputs, string[] names)
    {
        var (expected, got) = (autograd.grad([plain], inputs), autograd.grad([fused], inputs));
        for (var i = 0; i < inputs.Length; i++) Near(expected[i], got[i], $"gradient of {names[i]}");
    }

    private static void Near(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        Close.RelativeL2(GoldenModelCase.Floats(actual), GoldenModelCase.Floats(expected), 2e-6, what);
    }
}
