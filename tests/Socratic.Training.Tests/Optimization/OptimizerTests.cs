using Socratic.Training.Optimization;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Optimization;

public sealed class OptimizerTests
{
    public static TheoryData<string> Names => [.. Makers.Keys];

    private static readonly Dictionary<string, Func<IReadOnlyList<OptimizerGroup>, IOptimizer>> Makers = new()
    {
        ["adamw"] = groups => new AdamW(groups),
        ["adamw by torch operators"] = groups => new AdamW(groups) { UsesTorchOperators = true },
        ["sgd"] = groups => new Sgd(groups),
        ["sgd nesterov"] = groups => new Sgd(groups, momentum: 0.9, nesterov: true),
        ["adagrad"] = groups => new Adagrad(groups),
        ["rmsprop"] = groups => new RmsProp(groups, momentum: 0.5, centered: true),
        ["adafactor"] = groups => new Adafactor(groups, beta1: 0.9, scaleByParameter: true),
        ["lion"] = groups => new Lion(groups),
        ["torch"] = groups => new TorchOptimizer(optim.NAdam(groups.SelectMany(g => g.Parameters).Select(p => (Parameter)p.Value), groups[0].LearningRate), new Holder(groups)),
    };

    [Theory, MemberData(nameof(Names))]
    public void A_parameter_without_a_gradient_is_left_alone(string name)
    {
        using var bench = new Bench(Makers[name]);
        bench.Train(useB: true);
        var (before, state) = (bench.Values("b"), bench.State("b."));
        for (var i = 0; i < 3; i++) bench.Train(useB: false);
        Assert.Equal(before, bench.Values("b"));
        foreach (var (key, values) in state) Assert.Equal(values, bench.State("b.")[key]);
        bench.Train(useB: true);
        Assert.NotEqual(before, bench.Values("b"));
    }

    // The decay of a torch.optim optimizer is its own.
    public static TheoryData<string> OwnNames => [.. Makers.Keys.Where(n => n != "torch")];

    [Theory, MemberData(nameof(OwnNames))]
    public void A_gradient_of_zero_decays(string name)
    {
        using var bench = new Bench(Makers[name]);
        var before = bench.Values("b");
        bench.Train(useB: true, factor: 0);
        Assert.NotEqual(before, bench.Values("b"));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_saved_state_goes_on_bit_for_bit(string name)
    {
        using var whole = new Bench(Makers[name]);
        using var stopped = new Bench(Makers[name]);
        for (var i = 0; i < 6; i++) whole.Train(useB: i % 2 == 0);
        for (var i = 0; i < 3; i++) stopped.Train(useB: i % 2 == 0);
        using var resumed = new Bench(Makers[name]);
        resumed.Take(stopped);
        for (var i = 3; i < 6; i++) resumed.Train(useB: i % 2 == 0);
        Assert.Equal(whole.Values("a"), resumed.Values("a"));
        Assert.Equal(whole.Values("b"), resumed.Values("b"));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_thousand_steps_leak_nothing(string name)
    {
        using var bench = new Bench(Makers[name]);
        for (var i = 0; i < 3; i++) bench.Train(useB: i % 2 == 0);
        bench.Optimizer.StateTensors();
        // What other tests left to the finalizer is not ours.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Tensor.TotalCount;
        for (var i = 0; i < 1000; i++) bench.Train(useB: i % 2 == 0);
        bench.Optimizer.StateTensors();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_scale_equals_scaled_gradients(string name)
    {
        using var one = new Bench(Makers[name]);
        using var two = new Bench(Makers[name]);
        for (var i = 0; i < 4; i++)
        {
            one.Train(useB: true, factor: 0.25);
            two.Train(useB: true, scale: 0.25);
        }
        Assert.Equal(one.Values("a"), two.Values("a"));
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_optimizer_finds_a_minimum(string name)
    {
        using var bench = new Bench(Makers[name], decay: 0);
        for (var i = 0; i < 3000; i++) bench.Train(useB: true);
        Assert.All(bench.Values("a"), v => Assert.InRange(v, 0.8f, 1.2f));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-6)]
    [InlineData(ScalarType.BFloat16, 1e-6)]
    [InlineData(ScalarType.Float64, 1e-6)]
    public void One_pass_and_torch_operators_agree(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var start = randn(300, 401).to(type);
        var both = new[] { false, true }.Select(byOperators =>
        {
            var p = new TrainableParameter("p", new Parameter(start.clone(), true));
            using var gradients = new GradientBuffer([p]);
            using var optimizer = new AdamW([new OptimizerGroup([p], 0.01, 0.1)]) { UsesTorchOperators = byOperators };
            for (var i = 1; i < 5; i++)
            {
                gradients.Zero();
                (p.Value * p.Value * i).sum().backward();
                gradients.Measure();
                optimizer.Step(gradients, 0.5);
            }
            return p.Value.detach().to(ScalarType.Float64);
        }).ToArray();
        Assert.InRange((both[0] - both[1]).abs().max().ToDouble(), 0, tolerance);
        Assert.NotEqual(0, (both[0] - start).abs().max().ToDouble());
    }

    [Fact]
    public void A_state_that_does_not_fit_is_refused_whole()
    {
        using var bench = new Bench(Makers["adamw"]);
        using var scope = NewDisposeScope();
        bench.Train(useB: true);
        var before = bench.State("");
        var state = bench.Optimizer.StateTensors().ToDictionary(s => s.Key, s => s.Value.clone());
        Refused(s => s.Remove("a.exp_avg"), "has no 'a.exp_avg'");
        Refused(s => s["a.exp_avg"] = zeros(7), "'a.exp_avg' has shape [7]; expected [4, 3]");
        Refused(s => s["b.step"] = zeros([], ScalarType.Float32), "'b.step' is Float32; expected Int64");
        Refused(s => s["c.exp_avg"] = zeros(7), "has 'c.exp_avg'");
        Assert.Equal(before, bench.State(""));

        void Refused(Action<Dictionary<string, Tensor>> spoil, string message)
        {
            var spoilt = state.ToDictionary(s => s.Key, s => s.Value + 1);
            spoil(spoilt);
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => bench.Optimizer.LoadState(spoilt)).Message, StringComparison.Ordinal);
        }
    }

    public static TheoryData<string> Twins => ["sgd", "rmsprop", "adagrad"];

    [Theory, MemberData(nameof(Twins))]
    public void The_adapter_takes_the_wrapped_optimizers_steps_and_they_are_ours(string name)
    {
        using var own = new Bench(name switch
        {
            "sgd" => groups => new Sgd(groups, momentum: 0.9),
            "rmsprop" => groups => new RmsProp(groups, centered: true),
            _ => groups => new Adagrad(groups, rateDecay: 0.1, initialSum: 0.5),
        }, decay: 0);
        using var theirs = new Bench(groups => new TorchOptimizer(Torchs(name, [.. groups[0].Parameters.Select(p => (Parameter)p.Value)]), new Holder(groups)), decay: 0);
        for (var i = 0; i < 10; i++)
        {
            foreach (var bench in new[] { own, theirs })
            {
                bench.Optimizer.Groups[0].LearningRate = 0.01 / (i + 1);
                bench.Train(useB: i % 3 != 1);
            }
        }
        foreach (var (x, y) in own.Values("a").Concat(own.Values("b")).Zip(theirs.Values("a").Concat(theirs.Values("b")))) Assert.Equal(x, y, 1e-6);
    }

    private static optim.Optimizer Torchs(string name, Parameter[] parameters) => name switch
    {
        "sgd" => optim.SGD(parameters, 0.01, momentum: 0.9),
        "rmsprop" => optim.RMSProp(parameters, 0.01, centered: true),
        _ => optim.Adagrad(parameters, 0.01, lr_decay: 0.1, initial_accumulator_value: 0.5),
    };

    [Fact]
    public void The_adapter_refuses_a_parameter_that_the_module_does_not_train()
    {
        using var parameter = new Parameter(ones(3), true);
        using var optimizer = optim.SGD([parameter], 0.1);
        Assert.Contains("shape [3]", Assert.Throws<ArgumentException>(() => new TorchOptimizer(optimizer, new Holder([]))).Message, StringComparison.Ordinal);
    }

    /// <summary>Two parameters, pulled towards 1.</summary>
    private sealed class Bench : IDisposable
    {
        private readonly TrainableParameter a = new("a", new Parameter(arange(12, ScalarType.Float32).view(4, 3).mul_(0.1f).DetachFromDisposeScope(), true));
        private readonly TrainableParameter b = new("b", new Parameter(ones(5).mul_(3).DetachFromDisposeScope(), true));
        private readonly GradientBuffer gradients;

        internal Bench(Func<IReadOnlyList<OptimizerGroup>, IOptimizer> make, double decay = 0.1)
        {
            gradients = new GradientBuffer([a, b]);
            Optimizer = make([new OptimizerGroup([a, b], 0.01, decay)]);
        }

        internal IOptimizer Optimizer { get; }

        internal void Train(bool useB, double factor = 1, double scale = 1)
        {
            using var scope = NewDisposeScope();
            gradients.Zero();
            var loss = (a.Value - 1).square().sum();
            if (useB) loss += (b.Value - 1).square().sum();
            (loss * factor).backward();
            gradients.Measure();
            Optimizer.Step(gradients, scale);
        }

        internal float[] Values(string name) => (name == "a" ? a : b).Value.data<float>().ToArray();

        internal Dictionary<string, string> State(string prefix) => Optimizer.StateTensors().Where(s => s.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(s => s.Key, s => Convert.ToHexString(s.Value.bytes));

        internal void Take(Bench other)
        {
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            a.Value.copy_(other.a.Value);
            b.Value.copy_(other.b.Value);
            Optimizer.LoadState(other.Optimizer.StateTensors().ToDictionary(s => s.Key, s => s.Value.clone()));
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            gradients.Dispose();
            a.Value.Dispose();
            b.Value.Dispose();
        }
    }

    private sealed class Holder : nn.Module
    {
        internal Holder(IReadOnlyList<OptimizerGroup> groups)
            : base("holder")
        {
            foreach (var p in groups.SelectMany(g => g.Parameters)) register_parameter(p.Name, (Parameter)p.Value);
        }
    }
}
