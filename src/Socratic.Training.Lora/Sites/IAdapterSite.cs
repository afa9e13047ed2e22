using Socratic.Training.Lora.Hosts;

namespace Socratic.Training.Lora.Sites;

/// <summary>A place of the model where adapters act: they are switched, merged and taken away here.</summary>
internal interface IAdapterSite
{
    /// <summary>The path of the module the adapters belong to.</summary>
    string Path { get; }

    /// <summary>True if no adapter is left.</summary>
    bool IsEmpty { get; }

    /// <summary>Which adapters are on; names that are not here are passed over.</summary>
    void SetActive(IReadOnlyList<string> names);

    /// <summary>
    /// Puts the share of some adapters into the weights themselves, beside those that are in already. Nothing is changed if this throws.
    /// </summary>
    /// <param name="names">The adapters; names that are not here are passed over.</param>
    /// <param name="roundShare">Whether the share is rounded to the weights' dtype before it is added.</param>
    /// <exception cref="InvalidOperationException">The merged weights are not finite, or the layer cannot hold them.</exception>
    void Merge(IReadOnlyList<string> names, bool roundShare);

    /// <summary>Gives the weights the values back that they had before the first merge, bit for bit.</summary>
    void Unmerge();

    /// <summary>Takes an adapter away and disposes it.</summary>
    void Remove(string name);

    /// <summary>Puts the plain module back in its place, with the weights it has now.</summary>
    void Unload(AdapterHost host);
}
