using Socratic.Training.Lora.Files;
using static TorchSharp.torch;

namespace Socratic.Training.Lora;

public sealed partial class LoraAdapters
{
    private readonly List<string> merged = [];
    private Action? tie;

    /// <summary>The names of the adapters that are in the weights themselves now.</summary>
    public IReadOnlyList<string> Merged => merged;

    /// <summary>
    /// Adds adapters into the weights: the model computes the same without the cost of the adapters. The weights as they were are kept for <see cref="Unmerge"/>.
    /// The sum is made in float32 and rounded once; it is checked to be finite, and nothing is changed if it is not.
    /// </summary>
    /// <param name="names">The adapters; null means those that are on.</param>
    /// <param name="roundShare">True to round each share to the weights' dtype before it is added, as PEFT's safe_merge does (DoRA, which scales W itself, is never rounded first).</param>
    /// <returns>False if all of them were merged already: nothing is added a second time.</returns>
    /// <exception cref="ArgumentException">There is no adapter of that name.</exception>
    /// <exception cref="InvalidOperationException">The merged weights are not finite, or a layer cannot hold them.</exception>
    public bool Merge(IReadOnlyList<string>? names = null, bool roundShare = false)
    {
        var wanted = (names ?? active).Distinct(StringComparer.Ordinal).ToArray();
        foreach (var name in wanted) Find(name);
        wanted = [.. wanted.Except(merged, StringComparer.Ordinal)];
        if (wanted.Length == 0) return false;
        var before = merged.ToArray();
        tie ??= Host.Untie(sites);
        try
        {
            foreach (var site in sites) site.Merge(wanted, roundShare);
        }
        catch
        {
            foreach (var site in sites) site.Unmerge();
            if (before.Length == 0) Tie();
            foreach (var site in sites) site.Merge(before, roundShare);
            throw;
        }
        merged.AddRange(wanted);
        return true;
    }

    /// <summary>Gives the weights back as they were before the first merge, bit for bit (4-bit weights: as close as their codes allow).</summary>
    public void Unmerge()
    {
        if (merged.Count == 0) return;
        foreach (var site in sites) site.Unmerge();
        merged.Clear();
        Tie();
    }

    /// <summary>
    /// Merges the adapters that are on and takes all adapters away: a plain model is left, which can be saved as one. Its parameters stay frozen.
    /// </summary>
    /// <exception cref="InvalidOperationException">The merged weights are not finite, or a layer cannot hold them; nothing is changed.</exception>
    public void MergeAndUnload(bool roundShare = false)
    {
        Merge(roundShare: roundShare);
        merged.Clear();
        tie = null;
        TakeAway();
    }

    /// <summary>
    /// Writes the model with the adapters that are on merged in as a plain Hugging Face folder: config.json, the tokenizer's files, model.safetensors, or
    /// shards and their index above <paramref name="maxShardBytes"/>. The live model is as before afterwards.
    /// </summary>
    /// <param name="directory">The folder, which is created; weights that are there already are replaced.</param>
    /// <param name="maxShardBytes">The most bytes of tensors a file holds (a single larger tensor has a file of its own).</param>
    /// <exception cref="NotSupportedException">The model is not a <see cref="CausalLanguageModel"/>.</exception>
    /// <exception cref="InvalidOperationException">The merged weights are not finite, or a layer cannot hold them; nothing is written.</exception>
    public void SaveMerged(string directory, long maxShardBytes = 5_000_000_000)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (Host.Root is not CausalLanguageModel model) throw new NotSupportedException($"Only a {nameof(CausalLanguageModel)} has a Hugging Face folder to be written as.");
        var before = merged.ToArray();
        var changed = Merge();
        try
        {
            model.SaveConfiguration(directory);
            PlainModelWriter.Write(directory, PlainWeights(), maxShardBytes);
        }
        finally
        {
            if (changed)
            {
                Unmerge();
                if (before.Length > 0) Merge(before);
            }
        }
    }

    /// <summary>
    /// Takes all adapters away; the model computes what it did before the first was added (after one that began with a part of the base: to rounding).
    /// </summary>
    public void Unload()
    {
        Unmerge();
        foreach (var adapter in adapters.Values) adapter.RestoreBase();
        TakeAway();
    }

    private void TakeAway()
    {
        foreach (var site in sites) site.Unload(Host);
        sites.Clear();
        adapters.Clear();
        active = [];
        LoraExtensions.Forget(Host.Root, this);
    }

    /// <summary>Ties embedding and head again, if a merge untied them.</summary>
    private void Tie()
    {
        tie?.Invoke();
        tie = null;
    }

    /// <summary>The base's parameters under the names they have without adapters, each parameter once.</summary>
    private List<KeyValuePair<string, Tensor>> PlainWeights()
    {
        var added = adapters.Values.SelectMany(a => a.Parameters).Where(p => p.IsAdded).Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        return [.. Host.Root.named_parameters().Where(p => !added.Contains(p.name)).DistinctBy(p => p.parameter.Handle)
            .Select(p => KeyValuePair.Create<string, Tensor>(string.Join('.', p.name.Split('.').Where(part => part is not ("base_layer" or "original_module"))), p.parameter))];
    }
}
