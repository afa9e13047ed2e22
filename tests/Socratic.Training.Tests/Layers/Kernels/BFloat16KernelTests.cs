using Socratic.Training.Layers;
using Socratic.Training.Layers.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers.Kernels;

/// <summary>Kernels over bfloat16: what they give in float32 for the same numbers, rounded once, values and gradients to the bit.</summary>
public sealed class BFloat16KernelTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public BFloat16KernelTests() => manual_seed(5);

    public void Dispose() => scope.Dispose();

    [Theory, InlineData(0), InlineData(1)]
    public void Norm(float offset)
    {
        Tensor Run(Tensor[] t) => FusedNorm.Apply(t[0], t[1], 1e-6, offset, t[0].dtype);
        RoundedOnce(Run, Numbers(7, 40), Numbers(40));
    }

    [Fact]
    public void Gate() => RoundedOnce(t => FusedGate.Apply(t[0], t[1], Activation.GeluTanh), Numbers(3, 41), Numbers(3, 41));

    [Fact]
    public void Attention()
    {
        var shape = new AttentionShape(4, 2, 10, 0.3, 20, 6);
        using var table = new RotaryTable(new RotarySpecification(10000, 10), CPU);
        RoundedOnce(t => FusedAttention.Apply(t[0], t[1], t[2], new(shape, table, [(0, 5), (6, 7)])), Numbers(1, 13, 40), Numbers(1, 13, 20), Numbers(1, 13, 20));
    }

    [Fact]
    public void A_norm_in_mixed_precision_keeps_the_dtype_that_torch_would_give()
    {
        foreach (var (kind, dtype) in new[] { (NormKind.OnePlusWeight, ScalarType.BFloat16), (NormKind.Weight, ScalarType.Float32) })
        {
            using var norm = new RmsNorm(new Parameter(Numbers(40).to(ScalarType.Float32)), 1e-6, kind);
            var x = Numbers(3, 40);
            Assert.Equal(dtype, norm.call(x).dtype);
            Assert.Equal(dtype, norm.Plain(x).dtype);
        }
    }

    [Fact]
    public void The_head_adds_its_blocks_up_in_float32()
    {
        const int rows = HeadLoss.BlockRows + 44;
        var (hidden, weight) = (Leaf(Numbers(rows, 12)), Leaf(Numbers(333, 12)));
        var targets = randint(0, 333, rows, dtype: ScalarType.Int64);
        var (wideHidden, wideWeight) = (Leaf(hidden.to(ScalarType.Float32)), Leaf(weight.to(ScalarType.Float32)));
        var (loss, wide) = (HeadLoss.Sum(hidden, weight, targets, 30, 0.1), HeadLoss.Sum(wideHidden, wideWeight, targets, 30, 0.1));
        loss.backward();
        wide.backward();
        Assert.Equal(ScalarType.Float32, loss.dtype);
        Assert.InRange(loss.ToSingle() / wide.ToSingle(), 0.999, 1.001);
        Near(wideHidden.grad!, hidden.grad!);
        Near(wideWeight.grad!, weight.grad!);
    }

    private static void RoundedOnce(Func<Tensor[], Tensor> run, params Tensor[] inputs)
    {
        var narrow = inputs.Select(Leaf).ToArray();
        var wide = inputs.Select(i => Leaf(i.to(ScalarType.Float32))).ToArray();
        var (got, expected) = (run(narrow), run(wide));
        Assert.Equal(ScalarType.BFloat16, got.dtype);
        Assert.Equal(Floats(expected.to(ScalarType.BFloat16)), Floats(got));
        var direction = Numbers([.. got.shape]);
        (got * direction).sum().backward();
        (expected * direction.to(ScalarType.Float32)).sum().backward();
        for (var i = 0; i < inputs.Length; i++) Assert.Equal(Floats(wide[i].grad!.to(ScalarType.BFloat16)), Floats(narrow[i].grad!));
    }

    /// <summary>To the few last bits of bfloat16 that its products cost.</summary>
    private static void Near(Tensor expected, Tensor actual)
    {
        Assert.Equal(ScalarType.BFloat16, actual.dtype);
        Socratic.Testing.Golden.Close.OfLargest(Floats(actual), Floats(expected), 0.02, "gradient");
    }

    private static Tensor Leaf(Tensor values) => values.detach().clone().requires_grad_(true);

    private static Tensor Numbers(params long[] shape) => randn(shape).to(ScalarType.BFloat16);

    private static float[] Floats(Tensor tensor) => tensor.detach().to(ScalarType.Float32).reshape(-1).data<float>().ToArray();
}
