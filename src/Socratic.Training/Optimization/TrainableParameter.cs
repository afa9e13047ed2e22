using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>A tensor that is trained, under its first name in the model; a tied tensor is one parameter.</summary>
public sealed class TrainableParameter
{
    internal TrainableParameter(string name, Tensor value, bool isLayerNorm, IReadOnlyList<Tensor> aliases)
    {
        Name = name;
        Value = value;
        IsLayerNorm = isLayerNorm;
        Aliases = aliases;
    }

    /// <summary>A parameter outside a module.</summary>
    public TrainableParameter(string name, Tensor value)
        : this(name, value, isLayerNorm: false, [])
    {
    }

    /// <summary>The parameter's name in the model.</summary>
    public string Name { get; }

    /// <summary>The tensor, owned by the model.</summary>
    public Tensor Value { get; }

    /// <summary>True if it belongs to an <c>nn.LayerNorm</c>, which is not decayed.</summary>
    internal bool IsLayerNorm { get; }

    /// <summary>Other objects over the same memory: their gradient is this one's.</summary>
    internal IReadOnlyList<Tensor> Aliases { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
