using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>One adapter's share in an embedding: the rows of scale (B A)^T, A [r, vocabulary], B [size, r], float32; dropout does not touch it.</summary>
internal sealed class EmbeddingAdapter(LayerSettings settings, Parameter a, Parameter b) : IDisposable
{
    public LayerSettings Settings => settings;

    public Parameter A => a;

    public Parameter B => b;

    /// <summary>What the share is multiplied by now.</summary>
    public double Scale { get; set; } = settings.Scale;

    /// <summary>The parameters with their names below the layer, in PEFT's order.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> Parameters => [(AdapterNames.EmbeddingA, a), (AdapterNames.EmbeddingB, b)];

    /// <summary>The sum so far, any dtype, and the share of the ids, as float32. The embedding's own factor multiplies the share too.</summary>
    public Tensor Add(EmbeddingLayer layer, Tensor ids, Tensor output)
    {
        using var table = a.t();
        using var low = layer.Lookup(table, ids);
        using var share = LinearLayer.Product(low, b);
        return output.Plus(share, Scale);
    }

    /// <summary>What a merge adds to the table [vocabulary, size], float32.</summary>
    public Tensor Change()
    {
        using var none = no_grad();
        using var product = a.t().mm(b.t());
        return product.Times(Scale);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        a.Dispose();
        b.Dispose();
    }
}
