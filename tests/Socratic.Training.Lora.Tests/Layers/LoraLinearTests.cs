using Socratic.Training.Layers;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Tests.Layers;

public sealed class LoraLinearTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 0.0, 1)]
    [InlineData(ScalarType.Float32, 0.2, 2)]
    [InlineData(ScalarType.BFloat16, 0.2, 1)]
    public void Steps_leave_no_tensor_behind(ScalarType dtype, double dropout, int adapters)
    {
        using var layer = Layer(dtype, dropout, adapters);
        using var x = randn(3, 5, 8, dtype: dtype, requires_grad: true);
        var counts = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            using (NewDisposeScope()) layer.call(x).to(ScalarType.Float32).sum().backward();
            counts.Add(Tensor.TotalCount);
        }
        Assert.Equal(counts[1], counts[^1]);
    }

    [Fact]
    public void A_forward_keeps_only_its_output()
    {
        using var layer = Layer(ScalarType.Float32, 0, 1);
        using var x = randn(3, 5, 8);
        using var none = no_grad();
        layer.call(x).Dispose();
        var before = Tensor.TotalCount;
        using var y = layer.call(x);
        Assert.Equal(before + 1, Tensor.TotalCount);
        Assert.Equal([3, 5, 6], y.shape);
    }

    [Fact]
    public void Under_mixed_precision_every_product_and_the_sum_are_in_bfloat16()
    {
        using var scope = NewDisposeScope();
        using var none = no_grad();
        var layer = Layer(ScalarType.Float32, 0, 1);
        var (x, adapter) = (randn(5, 8), layer.Adapters["a0"]);
        Tensor Half(Tensor values) => values.to(ScalarType.BFloat16);
        var share = nn.functional.linear(nn.functional.linear(Half(x), Half(adapter.A)), Half(adapter.B));
        var expected = nn.functional.linear(Half(x), Half(((DenseLinear)layer.Base).Weight)) + share * adapter.Scale;
        using (MixedPrecision.On()) Assert.Equal(expected.bytes.ToArray(), layer.call(x).bytes.ToArray());
        Assert.Equal(ScalarType.Float32, layer.call(x).dtype);
    }

    private static LoraLinear Layer(ScalarType dtype, double dropout, int adapters)
    {
        var layer = new LoraLinear("x", new DenseLinear(new Parameter(randn(6, 8, dtype: dtype), requires_grad: false)));
        var names = Enumerable.Range(0, adapters).Select(i => $"a{i}").ToArray();
        foreach (var name in names)
            layer.Add(name, new LinearAdapter(new LayerSettings(2, 4, false, dropout), new Parameter(randn(2, 8)), new Parameter(randn(6, 2)), null));
        layer.SetActive(names);
        layer.train();
        return layer;
    }
}
