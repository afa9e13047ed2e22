using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>
/// DoRA (arXiv 2402.09353): W + s B A with each row scaled to the length m. y = base(x) + (f - 1) W x' + f s B A x', f = m / ||W + s B A|| of each row,
/// the norm without gradient; x' is the input with dropout.
/// </summary>
internal sealed class DoraAdapter(LinearLayer layer, LayerSettings settings, Parameter a, Parameter b, Parameter magnitude) : LinearAdapter(settings, a, b, null)
{
    /// <summary>The length m of each row, [out], float32.</summary>
    public Parameter Magnitude => magnitude;

    /// <inheritdoc/>
    public override IEnumerable<(string Name, Parameter Parameter)> Parameters => base.Parameters.Append((AdapterNames.Magnitude, magnitude));

    /// <inheritdoc/>
    public override Tensor Add(Tensor input, Tensor output, bool isBaseOutput, bool inFloat32, bool training)
    {
        using var factor = Factor();
        using var dropped = Drop(input, training);
        if (dropped is null && isBaseOutput) return ScaleRows(input, ToFloat32(output), factor);

        // W x' apart from base(x): what base(x) holds already is not what is scaled.
        var x = dropped ?? input;
        using var plain = WithoutBias(x);
        using var low = nn.functional.linear(x, A);
        using var transposed = B.t();
        using var sum = plain.addmm(low, transposed, 1, (float)Scale);
        using var scaled = sum.mul(factor);
        using var change = scaled.sub(plain);
        return Sum(output, change, 1, inFloat32: true);
    }

    /// <summary>f (W + scale B A) - W.</summary>
    public override Tensor Change(Tensor weight)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var wide = weight.to(ScalarType.Float32);
        var sum = wide.addmm(B, A, 1, (float)Scale);
        var factor = magnitude.div(sum.norm(1, keepdim: false));
        return sum.mul_(factor.unsqueeze(1)).sub_(wide).MoveToOuterDisposeScope();
    }

    /// <summary>||W + scale B A|| of each row, [out].</summary>
    public static Tensor RowNorms(LinearLayer layer, Tensor a, Tensor b, double scale)
    {
        if (layer is DenseLinear { Weight.dtype: ScalarType.Float32 } dense) return RowNorms(dense.Weight, a, b, scale);
        using var weight = layer.DenseWeight(ScalarType.Float32);
        return RowNorms(weight, a, b, scale);
    }

    /// <summary>||W + scale B A|| of each row of W, float32: from the squares, so that no matrix of W's size is made but W squared.</summary>
    public static Tensor RowNorms(Tensor weight, Tensor a, Tensor b, double scale)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var across = b.mm(a.mm(a.t())).TimesInPlace(scale).addmm_(weight, a.t(), 1, 2);
        return weight.square().sum([1L]).PlusInPlace(across.mul_(b).sum([1L]), scale).AtLeast(0).sqrt_().MoveToOuterDisposeScope();
    }

    /// <summary>m / ||W + scale B A||, [out]; the gradient goes to m only.</summary>
    private Tensor Factor()
    {
        using var norms = RowNorms(layer, A, B, Scale);
        return magnitude.div(norms);
    }

    /// <summary>f (output + s B A x) where the output is base(x): a bias b in it must stay b, so (1 - f) b is added.</summary>
    private Tensor ScaleRows(Tensor input, Tensor output, Tensor factor)
    {
        using var low = nn.functional.linear(input, A);
        using var sum = AddShare(low, output, inFloat32: true);
        if (layer.Bias is not { } bias) return sum.mul(factor);
        using var wide = bias.to(ScalarType.Float32);
        using var rest = wide.PlusProduct(factor, wide, -1);
        return rest.PlusProduct(sum, factor, 1);
    }

    private Tensor WithoutBias(Tensor x)
    {
        if (layer is DenseLinear { Weight.dtype: ScalarType.Float32 } dense) return nn.functional.linear(x, dense.Weight);
        using var w = layer.DenseWeight(ScalarType.Float32);
        return nn.functional.linear(x, w);
    }

    private static Tensor ToFloat32(Tensor output)
    {
        if (output.dtype == ScalarType.Float32) return output;
        var wide = output.to(ScalarType.Float32);
        output.Dispose();
        return wide;
    }
}
