using Socratic.Training.Optimization;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Optimization;

public sealed class AdamW8BitTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Its_steps_stay_near_those_of_32_bit_moments()
    {
        var (start, gradient) = (randn([64, 128], ScalarType.Float32), randn([64, 128], ScalarType.Float32));
        var (eight, full) = (Make(start), Make(start));
        using var ours = new AdamW8Bit([new OptimizerGroup(eight, 1e-3, 0.01)]);
        using var theirs = new AdamW([new OptimizerGroup(full, 1e-3, 0.01)]);
        for (var i = 0; i < 20; i++)
        {
            Step(ours, eight, gradient);
            Step(theirs, full, gradient);
        }
        var moved = (full[0].Value.detach() - start).norm().ToSingle();
        Assert.InRange((eight[0].Value.detach() - full[0].Value.detach()).norm().ToSingle(), 0, 0.1 * moved);
    }

    [Fact]
    public void State_loaded_into_another_goes_on_to_the_same_bits()
    {
        var (first, second) = (Make(ones(70, 100)), Make(ones(70, 100)));
        using var one = new AdamW8Bit([new OptimizerGroup(first, 1e-2)]);
        using var two = new AdamW8Bit([new OptimizerGroup(second, 1e-2)]);
        for (var i = 0; i < 3; i++) Step(one, first, randn(70, 100));
        using (no_grad()) second[0].Value.copy_(first[0].Value);
        two.LoadState(one.StateTensors().ToDictionary(s => s.Key, s => s.Value.clone()));
        var gradient = randn(70, 100);
        Step(one, first, gradient);
        Step(two, second, gradient);
        Assert.Equal(first[0].Value.bytes.ToArray(), second[0].Value.bytes.ToArray());
        foreach (var (name, tensor) in one.StateTensors()) Assert.Equal(tensor.bytes.ToArray(), two.StateTensors()[name].bytes.ToArray());
        Assert.Equal(["w.absmax1", "w.absmax2", "w.state1", "w.state2", "w.step"], one.StateTensors().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_parameter_without_gradient_is_left_alone()
    {
        var parameters = new[] { new TrainableParameter("a", new Parameter(ones(5000), true)), new TrainableParameter("b", new Parameter(ones(5000), true)) };
        using var optimizer = new AdamW8Bit([new OptimizerGroup(parameters, 1e-2, 0.1)]);
        using var gradients = new GradientBuffer(parameters);
        parameters[0].Value.sum().backward();
        gradients.Measure();
        optimizer.Step(gradients);
        Assert.All(parameters[1].Value.data<float>().ToArray(), v => Assert.Equal(1f, v));
        Assert.Equal((1, 0), (optimizer.StateTensors()["a.step"].item<long>(), optimizer.StateTensors()["b.step"].item<long>()));
    }

    [Fact]
    public void Gradients_are_scaled_first()
    {
        var (first, second) = (Make(ones(4096)), Make(ones(4096)));
        using var one = new AdamW8Bit([new OptimizerGroup(first, 1e-2)]);
        using var two = new AdamW8Bit([new OptimizerGroup(second, 1e-2)]);
        var gradient = randn(4096);
        Step(one, first, gradient, 0.25);
        Step(two, second, gradient * 0.25);
        Assert.Equal(first[0].Value.bytes.ToArray(), second[0].Value.bytes.ToArray());
        Assert.Equal(one.StateTensors()["w.absmax2"].bytes.ToArray(), two.StateTensors()["w.absmax2"].bytes.ToArray());
    }

    [Fact]
    public void Two_threads_give_the_bits_of_one()
    {
        var threads = get_num_threads();
        var (start, gradient) = (randn(300, 333), randn(300, 333));
        byte[] Run(int count)
        {
            set_num_threads(count);
            var parameters = Make(start);
            using var optimizer = new AdamW8Bit([new OptimizerGroup(parameters, 1e-2, 0.1)]);
            for (var i = 0; i < 3; i++) Step(optimizer, parameters, gradient);
            return [.. parameters[0].Value.bytes, .. optimizer.StateTensors()["w.state1"].bytes];
        }
        try
        {
            Assert.Equal(Run(1), Run(2));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        var parameters = Make(ones(5000));
        var before = Tensor.TotalCount;
        using (var gradients = new GradientBuffer(parameters))
        {
            using var optimizer = new AdamW8Bit([new OptimizerGroup(parameters, 1e-2)]);
            using (NewDisposeScope()) parameters[0].Value.sum().backward();
            gradients.Measure();
            optimizer.Step(gradients);
            var during = Tensor.TotalCount;
            for (var i = 0; i < 100; i++) optimizer.Step(gradients);
            Assert.Equal(during, Tensor.TotalCount);
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void What_it_cannot_do_is_said()
    {
        var parameters = Make(ones(5000));
        Refused("betas", () => _ = new AdamW8Bit([new OptimizerGroup(parameters, 1)], beta1: 1), "beta1");
        Refused("epsilon", () => _ = new AdamW8Bit([new OptimizerGroup(parameters, 1)], epsilon: -1), "epsilon");
        Refused("twice", () => _ = new AdamW8Bit([new OptimizerGroup([.. parameters, .. parameters], 1)]), "'w' is in the groups more than once");
        Refused("dtype", () => _ = new AdamW8Bit([new OptimizerGroup(Make(ones([5000], ScalarType.Float64)), 1)]), "Parameter 'w' is Float64");
        using var optimizer = new AdamW8Bit([new OptimizerGroup(parameters, 1)]);
        var state = optimizer.StateTensors().ToDictionary(s => s.Key, s => s.Value.clone());
        state["w.absmax1"] = zeros(3);
        Assert.Contains("'w.absmax1' has shape [3]; expected [20]", Assert.Throws<InvalidDataException>(() => optimizer.LoadState(state)).Message, StringComparison.Ordinal);
        Assert.True(state.Remove("w.absmax1"));
        Assert.Contains("no 'w.absmax1'", Assert.Throws<InvalidDataException>(() => optimizer.LoadState(state)).Message, StringComparison.Ordinal);
        using var gradients = new GradientBuffer(parameters);
        Refused("scale", () => optimizer.Step(gradients, double.NaN), "cannot be scaled");
    }

    private static void Refused(string what, Action action, string expected)
        => Assert.True(Assert.ThrowsAny<ArgumentException>(action).Message.Contains(expected, StringComparison.Ordinal), what);

    private static TrainableParameter[] Make(Tensor value) => [new("w", new Parameter(value.clone(), requires_grad: true))];

    private static void Step(IOptimizer optimizer, TrainableParameter[] parameters, Tensor gradient, double scale = 1)
    {
        using var gradients = new GradientBuffer(parameters);
        (parameters[0].Value * gradient).sum().backward();
        gradients.Measure();
        optimizer.Step(gradients, scale);
    }
}
