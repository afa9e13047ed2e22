using Socratic.Training.Lora.Hosts;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>
/// Biases of the base that an adapter trains. As in PEFT they keep their trained values while adapters are off; they get the old ones back when the adapter
/// is taken away without a merge.
/// </summary>
internal sealed class BaseBias(string path, string adapter, Parameter bias) : IAdapterSite
{
    private readonly Tensor original = bias.detach().clone().DetachFromDisposeScope();
    private bool isMerged;
    private bool isGone;

    /// <inheritdoc/>
    public string Path { get; } = path;

    /// <inheritdoc/>
    public bool IsEmpty => isGone;

    /// <inheritdoc/>
    public void SetActive(IReadOnlyList<string> names)
    {
    }

    /// <inheritdoc/>
    public void Merge(IReadOnlyList<string> names, bool roundShare) => isMerged |= names.Contains(adapter);

    /// <inheritdoc/>
    public void Unmerge() => isMerged = false;

    /// <inheritdoc/>
    public void Remove(string name)
    {
        if (name != adapter || isGone) return;
        using var none = no_grad();
        bias.requires_grad = false;
        if (!isMerged) bias.copy_(original);
        original.Dispose();
        isGone = true;
    }

    /// <inheritdoc/>
    public void Unload(AdapterHost host) => Remove(adapter);
}
