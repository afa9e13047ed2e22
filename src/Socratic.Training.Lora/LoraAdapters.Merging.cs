using Socratic.Training.Layers;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Sites;
using TorchSharp;
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
    /// <param name="roundShare">As in <see cref="Merge"/>.</param>
    /// <param name="target">What becomes of 4-bit layers.</param>
    /// <exception cref="InvalidOperationException">The merged weights are not finite, or a layer cannot hold them; nothing is changed.</exception>
    public void MergeAndUnload(bool roundShare = false, MergeTarget target = MergeTarget.OwnForm)
    {
        var dense = Dense(target);
        try
        {
            Merge(roundShare: roundShare);
        }
        catch
        {
            dense.Undo();
            throw;
        }
        merged.Clear();
        tie = null;
        TakeAway();
        dense.Finish();
    }

    /// <summary>
    /// How far the merged model is from the one with adapters beside its weights: the largest difference of what <paramref name="forward"/> gives. Afterwards
    /// everything is as before.
    /// </summary>
    /// <param name="forward">Gives the model's output for tokens of the caller's choice, such as <c>() => model.Forward(ids)</c>.</param>
    /// <param name="target">What becomes of 4-bit layers.</param>
    /// <exception cref="InvalidOperationException">The merged weights are not finite, or a layer cannot hold them.</exception>
    public double MergeDistance(Func<Tensor> forward, MergeTarget target = MergeTarget.OwnForm)
    {
        ArgumentNullException.ThrowIfNull(forward);
        var before = merged.ToArray();
        Unmerge();
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var live = forward().to(ScalarType.Float32);
        var dense = Dense(target);
        try
        {
            Merge();
            return forward().to(ScalarType.Float32).sub(live).abs().max().ToDouble();
        }
        finally
        {
            Unmerge();
            dense.Undo();
            if (before.Length > 0) Merge(before);
        }
    }

    /// <summary>
    /// Writes the model with the adapters that are on merged in as a plain Hugging Face folder: config.json, the tokenizer's files, model.safetensors, or
    /// shards and their index above <paramref name="maxShardBytes"/>. The live model is as before afterwards.
    /// </summary>
    /// <param name="directory">The folder, which is created; weights that are there already are replaced.</param>
    /// <param name="maxShardBytes">The most bytes of tensors a file holds (a single larger tensor has a file of its own).</param>
    /// <param name="target">What becomes of 4-bit layers: they are written in 4 bits, or as dense weights.</param>
    /// <exception cref="NotSupportedException">The model is not a <see cref="CausalLanguageModel"/>.</exception>
    /// <exception cref="InvalidOperationException">The merged weights are not finite, or a layer cannot hold them; nothing is written.</exception>
    public void SaveMerged(string directory, long maxShardBytes = 5_000_000_000, MergeTarget target = MergeTarget.OwnForm)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (Host.Root is not CausalLanguageModel model) throw new NotSupportedException($"Only a {nameof(CausalLanguageModel)} has a Hugging Face folder to be written as.");
        using var scope = NewDisposeScope();
        var before = merged.ToArray();
        if (target != MergeTarget.OwnForm) Unmerge();
        var dense = Dense(target);
        var changed = false;
        try
        {
            changed = Merge();
            model.SaveConfiguration(directory);
            PlainModelWriter.Write(directory, PlainWeights(model.Dtype), maxShardBytes);
        }
        finally
        {
            if (changed) Unmerge();
            dense.Undo();
            if (changed && before.Length > 0) Merge(before);
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

    private DenseBase Dense(MergeTarget target)
    {
        if (!Enum.IsDefined(target)) throw new ArgumentOutOfRangeException(nameof(target), target, $"Expected one of {string.Join(", ", Enum.GetNames<MergeTarget>())}.");
        if (target != MergeTarget.OwnForm && merged.Count > 0) throw new InvalidOperationException("Adapters are merged into the 4-bit weights already; unmerge them first.");
        return DenseBase.Make(Host, sites, target);
    }

    private void TakeAway()
    {
        foreach (var adapter in adapters.Values) adapter.ForgetBase();
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

    private static string PlainName(string name) => string.Join('.', name.Split('.').Where(part => part is not ("base_layer" or "original_module")));

    /// <summary>What is no parameter: the codes and scales of 4-bit layers.</summary>
    private IEnumerable<KeyValuePair<string, Tensor>> CodedWeights()
    {
        foreach (var (path, module) in Host.Root.named_modules())
            if (module is LinearLayer { CodedWeights: > 0 } layer)
                foreach (var (name, tensor) in layer.StoredTensors() ?? [])
                    if (!ReferenceEquals(tensor, layer.Bias)) yield return KeyValuePair.Create(PlainName($"{path}.{name}"), tensor);
    }

    /// <summary>The base's parameters under the names they have without adapters, each parameter once, in the model's dtype: norms may be in float32.</summary>
    private List<KeyValuePair<string, Tensor>> PlainWeights(ScalarType dtype)
    {
        var added = adapters.Values.SelectMany(a => a.Parameters).Where(p => p.IsAdded).Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        return [.. Host.Root.named_parameters().Where(p => !added.Contains(p.name)).DistinctBy(p => p.parameter.Handle)
            .Select(p => KeyValuePair.Create<string, Tensor>(PlainName(p.name), p.parameter.dtype == dtype ? p.parameter : p.parameter.detach().to(dtype))).Concat(CodedWeights())];
    }
}
