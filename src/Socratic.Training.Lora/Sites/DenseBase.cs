using Socratic.Training.Layers;
using Socratic.Training.Lora.Hosts;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>Dense layers in the place of a model's 4-bit ones, below adapters and elsewhere, until it is undone or made final.</summary>
internal sealed class DenseBase
{
    private readonly List<(Action<LinearLayer> Put, LinearLayer Coded, DenseLinear Dense)> layers = [];

    /// <exception cref="InvalidOperationException">The weights as they were before 4 bits are asked for and are not known; nothing is changed.</exception>
    public static DenseBase Make(AdapterHost host, IReadOnlyList<IAdapterSite> sites, MergeTarget target)
    {
        var made = new DenseBase();
        if (target == MergeTarget.OwnForm) return made;
        try
        {
            foreach (var (path, module) in host.Root.named_modules().ToArray())
                if (module is LinearLayer { CodedWeights: > 0 } coded) made.Add(host, sites, path, coded, target);
        }
        catch (NotSupportedException e)
        {
            made.Undo();
            throw new InvalidOperationException($"Nothing was merged into the weights before 4 bits: {e.Message} Or load that checkpoint, and the adapter over it, and merge there.", e);
        }
        return made;
    }

    /// <summary>Puts the 4-bit layers back.</summary>
    public void Undo()
    {
        foreach (var (put, coded, dense) in layers)
        {
            put(coded);
            dense.Dispose();
        }
        layers.Clear();
    }

    /// <summary>Frees the 4-bit layers.</summary>
    public void Finish()
    {
        foreach (var (_, coded, _) in layers) coded.Dispose();
        layers.Clear();
    }

    private void Add(AdapterHost host, IReadOnlyList<IAdapterSite> sites, string path, LinearLayer coded, MergeTarget target)
    {
        Action<LinearLayer> put = sites.OfType<LoraLinear>().FirstOrDefault(s => ReferenceEquals(s.Base, coded)) is { } site ? site.ReplaceBase : layer => host.Replace(path, layer);
        var dtype = host.Root is CausalLanguageModel model ? model.Dtype : coded.ComputeType;
        var weight = target == MergeTarget.Original ? coded.OriginalWeight(dtype) : coded.DenseWeight(dtype);
        var dense = new DenseLinear(Frozen(weight), coded.Bias is { } bias ? Frozen(bias.detach().to(dtype, copy: true)) : null);
        put(dense);
        layers.Add((put, coded, dense));
    }

    private static Parameter Frozen(Tensor tensor)
    {
        var parameter = new Parameter(tensor, requires_grad: false);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
