using System.Text.Json.Nodes;
using Socratic.Training.Layers;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Parts;
using Socratic.Training.Lora.Sites;
using Socratic.Training.Models;
using static TorchSharp.torch;

namespace Socratic.Training.Lora;

/// <summary>The adapters of one model: which there are, which are on, what of the model is trained.</summary>
public sealed partial class LoraAdapters : IModelArtifact
{
    /// <summary>The name an adapter has unless another is given.</summary>
    public const string DefaultName = "default";

    private readonly Dictionary<string, LoraAdapter> adapters = new(StringComparer.Ordinal);
    private readonly List<IAdapterSite> sites = [];
    private string[] active = [];
    private int disabled;

    internal LoraAdapters(AdapterHost host) => Host = host;

    /// <summary>The adapters by name.</summary>
    public IReadOnlyDictionary<string, LoraAdapter> All => adapters;

    /// <summary>The names of those that are on.</summary>
    public IReadOnlyList<string> Active => active;

    /// <inheritdoc/>
    public string ConfigurationSection => "lora_config";

    /// <inheritdoc/>
    public bool ReplacesWeights => true;

    internal AdapterHost Host { get; }


    /// <summary>
    /// Switches adapters on, and all others off; several that are on add up. Those that are on are trained (if they were made or loaded to be), the others
    /// are not. What was merged is unmerged first.
    /// </summary>
    /// <exception cref="ArgumentException">There is no adapter of that name.</exception>
    public void SetActive(params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        foreach (var name in names) Find(name);
        Unmerge();
        active = [.. names.Distinct(StringComparer.Ordinal)];
        foreach (var adapter in adapters.Values) adapter.SetTrained(active.Contains(adapter.Name));
        Apply();
    }

    /// <summary>Takes an adapter away. If it was on, the first of the others is switched on; after the last one the model is as it was, but frozen.</summary>
    /// <exception cref="ArgumentException">There is no adapter of that name.</exception>
    /// <exception cref="InvalidOperationException">It is merged.</exception>
    public void Delete(string name)
    {
        var adapter = Find(name);
        if (merged.Contains(name)) throw new InvalidOperationException($"The adapter '{name}' is merged into the weights; unmerge it before it is deleted.");
        adapter.RestoreBase();
        adapters.Remove(name);
        foreach (var site in sites) site.Remove(name);
        foreach (var site in sites.Where(s => s.IsEmpty).ToArray())
        {
            site.Unload(Host);
            sites.Remove(site);
        }
        if (!active.Contains(name)) return;
        var rest = active.Where(n => n != name).ToArray();
        SetActive(rest.Length > 0 ? rest : [.. adapters.Keys.Take(1)]);
    }

    /// <summary>Switches all adapters off until the result is disposed; scopes may be nested. What was merged is unmerged, and stays so.</summary>
    public IDisposable Disable()
    {
        Unmerge();
        disabled++;
        Apply();
        return new Undo(() =>
        {
            disabled--;
            Apply();
        });
    }

    /// <summary>What of the model is trained.</summary>
    public TrainableSummary Trainable()
    {
        var keys = adapters.Values.SelectMany(a => a.Parameters).ToDictionary(p => p.Name, p => p.FileKey, StringComparer.Ordinal);
        var all = Host.Root.named_parameters().DistinctBy(p => p.parameter.Handle).ToArray();
        // PEFT counts the two sides of a tied embedding's adapter as two.
        using var scope = NewDisposeScope();
        var aliases = adapters.Values.SelectMany(a => a.Aliases).Select(a => new TrainedParameter(a.Name, a.Alias.FileKey, a.Alias.Tensor.shape, a.Alias.Tensor.numel())).ToArray();
        return new TrainableSummary(
            [.. all.Where(p => p.parameter.requires_grad).Select(p => new TrainedParameter(p.name, keys.GetValueOrDefault(p.name, p.name), p.parameter.shape, p.parameter.numel())), .. aliases],
            all.Sum(p => p.parameter.numel()) + aliases.Sum(a => a.Count) + Host.Root.modules().OfType<LinearLayer>().Sum(l => l.CodedWeights));
    }

    /// <inheritdoc/>
    public JsonObject DescribeConfiguration()
    {
        if (adapters.Count == 0) return [];
        var adapter = adapters.GetValueOrDefault(DefaultName) ?? adapters.Values.First();
        var json = adapter.Config.ToJson(Host.BaseModel, null);
        foreach (var key in json.Select(m => m.Key).ToArray())
            if (!AlwaysDescribed.Contains(key) && ConfigKeys.IsDefault(key, json[key])) json.Remove(key);
        json.Remove("inference_mode");
        return json;
    }

    /// <summary>Writes the adapter named <c>default</c> into the folder itself, the others into folders of their names below it, as PEFT does.</summary>
    public void Save(string directory)
    {
        foreach (var adapter in adapters.Values) adapter.Save(FolderOf(directory, adapter.Name));
    }

    /// <inheritdoc/>
    public void Load(string directory)
    {
        foreach (var adapter in adapters.Values) adapter.Load(FolderOf(directory, adapter.Name));
    }

    internal LoraAdapter Add(string name, AdapterPlan plan, IReadOnlyList<AdapterPart> parts, bool trainable, bool isOn = true)
    {
        if (adapters.Count == 0)
            foreach (var parameter in Host.Root.parameters()) parameter.requires_grad = false;
        foreach (var part in parts)
        {
            part.Attach(Host, sites, name);
            foreach (var (_, parameter) in part.Parameters) parameter.requires_grad = trainable;
        }
        var adapter = new LoraAdapter(this, name, plan, parts, trainable);
        adapters.Add(name, adapter);
        if (isOn && active.Length == 0) active = [name];
        Apply();
        return adapter;
    }

    /// <summary>Switches one adapter on alone until the result is disposed; what is trained stays.</summary>
    internal IDisposable Only(LoraAdapter adapter)
    {
        Unmerge();
        var before = active;
        active = [adapter.Name];
        Apply();
        return new Undo(() =>
        {
            active = before;
            Apply();
        });
    }

    internal void CheckNew(string name, AdapterConfig config)
    {
        if (config.Options.Initialization.ChangesBase && adapters.Count > 0)
            throw config.Names.Error($"init_lora_weights {config.Options.Initialization} changes the base weights under the adapters that are there ({string.Join(", ", adapters.Keys)}); convert it to an ordinary adapter.");
        if (config.Options.Bias != LoraBias.None && adapters.Values.FirstOrDefault(a => a.Options.Bias != LoraBias.None) is { } other)
            throw config.Names.Error($"bias is set, and the adapter '{other.Name}' trains the biases of the base already; only one can.");
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (adapters.ContainsKey(name)) throw new ArgumentException($"The model has an adapter named '{name}' already; the names in use are {string.Join(", ", adapters.Keys)}.", nameof(name));
        if (name.Contains('.', StringComparison.Ordinal) || name.IndexOfAny(Path.GetInvalidFileNameChars()) >= 0)
            throw new ArgumentException($"'{name}' cannot name an adapter: it becomes part of parameter names and a folder's name, so no dots and no characters of paths.", nameof(name));
    }

    private static readonly string[] AlwaysDescribed = ["r", "lora_alpha", "lora_dropout", "bias", "task_type", "target_modules"];

    private static string FolderOf(string directory, string name) => name == DefaultName ? directory : Path.Combine(directory, name);

    private LoraAdapter Find(string name) => adapters.TryGetValue(name, out var adapter) ? adapter
        : throw new ArgumentException($"The model has no adapter named '{name}'; there are {(adapters.Count == 0 ? "none" : string.Join(", ", adapters.Keys))}.", nameof(name));

    private void Apply()
    {
        foreach (var site in sites) site.SetActive(disabled > 0 ? [] : active);
    }

    private sealed class Undo(Action action) : IDisposable
    {
        private Action? open = action;

        public void Dispose()
        {
            open?.Invoke();
            open = null;
        }
    }
}
