using Socratic.Training.Optimization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Optimization;

public sealed class GradientBufferTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Parameter used;
    private readonly Parameter other;
    private readonly GradientBuffer buffer;

    public GradientBufferTests()
    {
        used = new Parameter(arange(6, ScalarType.Float32).view(2, 3), true);
        other = new Parameter(ones(5), true);
        buffer = new GradientBuffer([new TrainableParameter("used", used), new TrainableParameter("other", other)]);
    }

    public void Dispose()
    {
        buffer.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Backward_accumulates_in_place_and_an_unused_parameter_has_none()
    {
        for (var i = 0; i < 3; i++) (used * 2).sum().backward();
        var norm = buffer.Measure();
        Assert.Equal([6, 6, 6, 6, 6, 6], buffer["used"]!.data<float>().ToArray());
        Assert.Null(buffer["other"]);
        Assert.Equal(["other"], buffer.WithoutGradient());
        Assert.Equal(Math.Sqrt(6 * 36), norm.Total, 1e-5);
    }

    [Fact]
    public void A_gradient_of_zero_is_there()
    {
        (other * 0).sum().backward();
        Assert.Equal(0, buffer.Measure().Total);
        Assert.NotNull(buffer["other"]);
        Assert.Null(buffer["used"]);
    }

    [Fact]
    public void A_gradient_of_minus_zero_is_there()
    {
        (other * -0f).sum().backward();
        buffer.Measure();
        Assert.NotNull(buffer["other"]);
    }

    [Fact]
    public void A_new_window_starts_without_gradients()
    {
        (used.sum() + other.sum()).backward();
        buffer.Measure();
        Assert.Empty(buffer.WithoutGradient());
        buffer.Zero();
        Assert.Equal(["used", "other"], buffer.WithoutGradient());
        other.sum().backward();
        buffer.Measure();
        Assert.Equal([1, 1, 1, 1, 1], buffer["other"]!.data<float>().ToArray());
        Assert.Null(buffer["used"]);
    }

    [Fact]
    public void Scaling_or_reading_gives_no_parameter_a_gradient()
    {
        used.sum().backward();
        buffer.Measure();
        buffer.Scale(0.5);
        buffer.Measure();
        Assert.Null(buffer["other"]);
        Assert.Equal(0.5f, buffer["used"]!.data<float>()[5]);
    }

    [Fact]
    public void A_gradient_that_was_taken_away_is_none()
    {
        used.sum().backward();
        used.grad = null;
        Assert.Null(buffer["used"]);
        buffer.Measure();
        Assert.Null(buffer["used"]);
        used.sum().backward();
        buffer.Zero();
        used.sum().backward();
        buffer.Measure();
        Assert.Equal([1, 1, 1, 1, 1, 1], buffer["used"]!.data<float>().ToArray());
    }

    [Fact]
    public void A_gradient_that_was_put_in_its_place_is_taken_over()
    {
        used.sum().backward();
        used.grad = full(2, 3, 7f);
        used.sum().backward();
        buffer.Measure();
        Assert.Equal([8, 8, 8, 8, 8, 8], buffer["used"]!.data<float>().ToArray());
        buffer.Zero();
        used.sum().backward();
        buffer.Measure();
        Assert.Equal([1, 1, 1, 1, 1, 1], buffer["used"]!.data<float>().ToArray());
    }

    [Fact]
    public void Create_graph_makes_another_gradient_which_is_taken_over()
    {
        used.sum().backward(create_graph: true);
        used.sum().backward(create_graph: true);
        buffer.Measure();
        Assert.Equal([2, 2, 2, 2, 2, 2], buffer["used"]!.data<float>().ToArray());
    }

    [Fact]
    public void Disposing_frees_the_parameters_of_their_gradients()
    {
        buffer.Dispose();
        Assert.Null(used.grad);
        used.sum().backward();
        Assert.Equal(6, used.grad!.sum().ToSingle());
    }

    [Fact]
    public void Two_objects_over_one_tensor_share_a_gradient()
    {
        using var module = new Tied();
        var trainables = ParameterGroups.Trainables(module);
        Assert.Equal(["first.weight", "first.bias", "second.bias"], trainables.Select(p => p.Name));
        using var gradients = new GradientBuffer(trainables);
        var x = ones(1, 3);
        module.Second.forward(module.First.forward(x)).sum().backward();
        gradients.Measure();
        using var alone = new Tied();
        foreach (var (own, from) in alone.parameters().Zip(module.parameters())) own.with_requires_grad(false).copy_(from.detach());
        foreach (var p in alone.parameters()) p.requires_grad = true;
        alone.Second.forward(alone.First.forward(x)).sum().backward();
        Assert.Equal(alone.First.weight!.grad!.data<float>().ToArray(), gradients["first.weight"]!.data<float>().ToArray());
    }

    [Fact]
    public void The_first_tensor_that_is_not_finite_is_named()
    {
        (used.sum() + other[1] * float.NaN).backward();
        Assert.False(buffer.Measure().IsFinite);
        Assert.Equal("other", buffer.FirstNonFinite());
    }

    [Fact]
    public void Bfloat16_gradients_are_bfloat16_beside_others()
    {
        using var half = new Parameter(ones(9, ScalarType.BFloat16), true);
        using var mixed = new GradientBuffer([new TrainableParameter("a", half), new TrainableParameter("b", used)]);
        (half * 3).sum().backward();
        used.sum().backward();
        var norm = mixed.Measure();
        Assert.Equal(ScalarType.BFloat16, mixed["a"]!.dtype);
        Assert.False(norm.IsBFloat16);
        Assert.Equal(Math.Sqrt(81 + 6), norm.Total, 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4097)]
    [InlineData(300_000)]
    public void The_norm_equals_a_sum_in_double(int count)
    {
        using var p = new Parameter(randn(count), true);
        using var own = new GradientBuffer([new TrainableParameter("p", p)]);
        (p * p).sum().backward();
        var expected = Math.Sqrt(p.data<float>().Sum(v => 4.0 * v * v));
        Assert.InRange(own.Measure().Total / expected, 1 - 3e-7, 1 + 3e-7);
    }

    [Fact]
    public void Windows_leak_nothing()
    {
        // What other tests left to the finalizer is not ours.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;
        for (var i = 0; i < 1000; i++)
        {
            using (NewDisposeScope()) (used * 2).sum().backward();
            buffer.Measure();
            buffer.Scale(0.5);
            buffer.Zero();
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    private sealed class Tied : nn.Module
    {
        public Tied()
            : base("tied")
        {
            First = nn.Linear(3, 3);
            Second = nn.Linear(3, 3);
            Second.weight = First.weight;
            register_module("first", First);
            register_module("second", Second);
        }

        public Linear First { get; }

        public Linear Second { get; }
    }
}
