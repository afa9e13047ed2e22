using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>The place of one linear layer in the module that uses it: another layer can be put there (an adapter around it, say).</summary>
internal sealed class LinearSlot
{
    private readonly nn.Module owner;

    /// <summary>Registers <paramref name="layer"/> with <paramref name="owner"/> under <paramref name="name"/>.</summary>
    public LinearSlot(nn.Module owner, string name, LinearLayer layer)
    {
        this.owner = owner;
        Name = name;
        Layer = layer;
        owner.register_module(name, layer);
    }

    /// <summary>The name in the owner, such as <c>q_proj</c>.</summary>
    public string Name { get; }

    /// <summary>The layer that is there now.</summary>
    public LinearLayer Layer { get; private set; }

    /// <summary>y = x W^T + b.</summary>
    public Tensor Apply(Tensor input) => Layer.call(input);

    /// <summary>Puts another layer of the same size here. The old one is not disposed: the new one may hold it.</summary>
    public void Replace(LinearLayer layer)
    {
        if (layer.InFeatures != Layer.InFeatures || layer.OutFeatures != Layer.OutFeatures)
            throw new ArgumentException(
                $"{Name} maps {Layer.InFeatures} to {Layer.OutFeatures} features; its replacement maps {layer.InFeatures} to {layer.OutFeatures}.",
                nameof(layer));
        // Taken out and put back with those after it: the order of the parameters stays the network's.
        var children = owner.named_children().SkipWhile(c => c.name != Name).ToArray();
        foreach (var (name, _) in children) owner.register_module(name, null!);
        foreach (var (name, module) in children) owner.register_module(name, name == Name ? layer : module);
        Layer = layer;
    }
}
