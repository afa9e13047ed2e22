using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>
/// One adapter's share in one linear layer: y += scale B A dropout(x). A [r, in], B [out, r] and B's own bias are float32 whatever the base is; under mixed
/// precision the products are in bfloat16.
/// </summary>
internal class LinearAdapter : IDisposable
{
    /// <summary>Takes ownership of the parameters.</summary>
    public LinearAdapter(LayerSettings settings, Parameter a, Parameter b, Parameter? bias)
    {
        Settings = settings;
        A = a;
        B = b;
        Bias = bias;
        Scale = settings.Scale;
    }

    public LayerSettings Settings { get; }

    public Parameter A { get; }

    public Parameter B { get; }

    public Parameter? Bias { get; }

    /// <summary>What the share is multiplied by now; <see cref="LayerSettings.Scale"/> unless it was set.</summary>
    public double Scale { get; set; }

    /// <summary>The parameters with their names below the layer as in <see cref="AdapterNames"/>, in PEFT's order.</summary>
    public virtual IEnumerable<(string Name, Parameter Parameter)> Parameters
    {
        get
        {
            yield return (AdapterNames.A, A);
            yield return (AdapterNames.B, B);
            if (Bias is not null) yield return (AdapterNames.BBias, Bias);
        }
    }

    /// <summary>
    /// Adds the share to <paramref name="output"/> [n, out], which is used up: in place where it is float32, else as a new float32 tensor, or, where
    /// <paramref name="inFloat32"/> is false, rounded to its dtype first.
    /// </summary>
    /// <param name="input">The layer's input in float32, [n, in].</param>
    /// <param name="output">The sum so far.</param>
    /// <param name="isBaseOutput">Whether the sum is the base's output still.</param>
    /// <param name="inFloat32">Whether the sum is made in float32.</param>
    /// <param name="training">Whether dropout is on.</param>
    public virtual Tensor Add(Tensor input, Tensor output, bool isBaseOutput, bool inFloat32, bool training)
    {
        using var dropped = Drop(input, training);
        using var low = LinearLayer.Product(dropped ?? input, A);
        return AddShare(low, output, inFloat32);
    }

    /// <summary>Drops elements of [n, in]; tests put given masks here.</summary>
    internal Func<Tensor, double, Tensor> DropWith { get; set; } = static (input, probability) => nn.functional.dropout(input, probability, training: true);

    /// <summary>The input with elements dropped, or null where nothing is dropped.</summary>
    protected Tensor? Drop(Tensor input, bool training) => training && Settings.Dropout > 0 ? DropWith(input, Settings.Dropout) : null;

    /// <summary>output + scale B low, with B's own bias.</summary>
    protected Tensor AddShare(Tensor low, Tensor output, bool inFloat32)
    {
        if (output.dtype == ScalarType.Float32 && low.dtype == ScalarType.Float32 && Bias is null)
        {
            // One kernel for product, scale and sum, into the memory that is there: the base's backward does not need its output.
            using var transposed = B.t();
            var sum = output.addmm_(low, transposed, 1, (float)Scale);
            if (!ReferenceEquals(sum, output)) sum.Dispose();
            return output;
        }
        using var share = LinearLayer.Product(low, B, Bias);
        // Products in bfloat16 over float32 parameters are mixed precision: there PEFT's sum is in the output's dtype too.
        return Sum(output, share, Scale, inFloat32 && share.dtype == ScalarType.Float32);
    }

    /// <summary>output + scale share in the number formats of PEFT: one rounding over a dense base, two over a 4-bit one.</summary>
    internal static Tensor Sum(Tensor output, Tensor share, double scale, bool inFloat32)
    {
        if (output.dtype == ScalarType.Float32) return output.PlusInPlace(share, scale);
        if (inFloat32)
        {
            var sum = output.Plus(share, scale);
            output.Dispose();
            return sum;
        }
        using var scaled = share.Times(scale);
        using var rounded = scaled.to(output.dtype);
        return output.PlusInPlace(rounded);
    }

    /// <summary>What a merge adds to <paramref name="weight"/>, W [out, in] of any dtype: scale B A in float32, a new tensor.</summary>
    public virtual Tensor Change(Tensor weight)
    {
        using var none = no_grad();
        using var product = B.mm(A);
        return product.Times(Scale);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, parameter) in Parameters) parameter.Dispose();
        GC.SuppressFinalize(this);
    }
}
