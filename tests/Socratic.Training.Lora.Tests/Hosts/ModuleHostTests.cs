using Socratic.Training.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Hosts;

/// <summary>Adapters on a module of the program's own.</summary>
public sealed class ModuleHostTests
{
    private static DenseLinear Dense(long input, long output) => new(new Parameter(randn(output, input)), new Parameter(randn(output)));

    internal sealed class Own : nn.Module<Tensor, Tensor>
    {
        private readonly LinearLayer first = Dense(4, 6);
        private readonly LinearLayer[] rest = [Dense(6, 6), Dense(6, 3)];

        public Own()
            : base(nameof(Own))
        {
            register_module("first", first);
            register_module("rest_0", rest[0]);
            register_module("rest_1", rest[1]);
        }

        public override Tensor forward(Tensor input) => rest[1].call(rest[0].call(first.call(input)));
    }

    private sealed class Narrow : nn.Module<Tensor, Tensor>
    {
        private readonly DenseLinear only = Dense(4, 6);

        public Narrow()
            : base(nameof(Narrow)) => register_module("only", only);

        public override Tensor forward(Tensor input) => only.call(input);
    }

    private sealed class Foreign : nn.Module<Tensor, Tensor>
    {
        private readonly Linear inner = nn.Linear(4, 6);

        public Foreign()
            : base(nameof(Foreign)) => register_module("inner", inner);

        public override Tensor forward(Tensor input) => inner.call(input);
    }

    [Fact]
    public void Layers_in_fields_and_lists_get_adapters_that_train()
    {
        using var scope = NewDisposeScope();
        using var model = new Own();
        var x = randn(5, 4);
        var before = model.call(x).detach().clone();
        var adapter = model.AddLora(new LoraOptions { Rank = 2, Initialization = LoraInitialization.Random, TargetModules = ["first", "rest_1"] });
        Assert.Equal(["first", "rest_1"], adapter.Layers.Select(l => l.Path));
        Assert.False(before.allclose(model.call(x)));
        using (model.DisableAdapter()) Assert.True(before.equal(model.call(x)).all().item<bool>());
        model.call(x).sum().backward();
        Assert.Equal(
            ["first.lora_A.default.weight", "first.lora_B.default.weight", "rest_1.lora_A.default.weight", "rest_1.lora_B.default.weight"],
            model.named_parameters().Where(p => p.parameter.grad is not null).Select(p => p.name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void All_linear_takes_every_linear_layer_of_a_module_without_a_head()
    {
        using var model = new Own();
        Assert.Equal(3, model.AddLora(new LoraOptions { TargetModules = "all-linear" }).Layers.Count);
    }

    [Fact]
    public void A_linear_layer_of_TorchSharp_is_an_error_that_names_LinearLayer()
    {
        using var model = new Foreign();
        var e = Assert.Throws<ArgumentException>(() => model.AddLora(new LoraOptions { TargetModules = ["inner"] }));
        Assert.Contains("inner", e.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(LinearLayer), e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentException>(() => model.AddLora(new LoraOptions { TargetModules = TargetModules.AllLinear }));
        Assert.Contains(nameof(LinearLayer), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_that_cannot_hold_an_adapted_layer_is_named()
    {
        using var model = new Narrow();
        var e = Assert.Throws<ArgumentException>(() => model.AddLora(new LoraOptions { TargetModules = ["only"] }));
        Assert.Contains("Narrow.only", e.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(LinearLayer), e.Message, StringComparison.Ordinal);
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Without_targets_a_module_of_ones_own_is_an_error_that_names_the_setting()
    {
        using var model = new Own();
        var e = Assert.Throws<ArgumentException>(() => model.AddLora(new LoraOptions()));
        Assert.Contains("TargetModules", e.Message, StringComparison.Ordinal);
    }
}
