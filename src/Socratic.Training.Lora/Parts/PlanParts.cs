using Socratic.Training.Layers;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using Socratic.Training.Lora.Targets;

namespace Socratic.Training.Lora.Parts;

/// <summary>Turns matched modules into planned parts and checks that each can be what the settings ask for.</summary>
internal sealed class PlanParts(AdapterConfig config, AdapterHost host, IReadOnlyList<ModuleInfo> modules, TargetMatch match)
{
    private static readonly string[] EmbeddingNames = ["embed_tokens", "lm_head"];

    private LoraOptions Options => config.Options;

    /// <summary>The head that follows the embedding in everything, or null.</summary>
    private string? FollowingHead => Options.EnsureWeightTying ? host.TiedHead : null;

    public IReadOnlyList<PlannedPart> Make() => [.. Adapted(), .. Saved(), .. Tokens(), .. Biases()];

    private IEnumerable<PlannedPart> Adapted()
    {
        foreach (var target in match.Targeted)
        {
            var path = target.Path;
            if (host.WhyNotReplaceable(path) is { } reason) throw config.Names.Error(reason);
            var settings = new LayerSettings(
                PatternTable.Find(Options.RankPattern, path, Options.Rank), PatternTable.Find(Options.AlphaPattern, path, Options.Alpha), Options.UseRsLora, Options.Dropout);
            yield return host.Module(path) switch
            {
                LoraLinear layer => Linear(path, layer.Base, settings),
                LoraEmbedding layer => Embedding(path, layer.Base, settings),
                IAdapterSite => throw Taken(path),
                LinearLayer layer => Linear(path, layer, settings),
                EmbeddingLayer layer => Embedding(path, layer, settings),
                _ => throw new InvalidOperationException(path),
            };
        }
    }

    private PlannedLinear Linear(string path, LinearLayer layer, LayerSettings settings)
    {
        var smaller = Math.Min(layer.InFeatures, layer.OutFeatures);
        var name = config.Names[nameof(Options.Initialization)];
        if (Options.Initialization.ChangesBase && settings.Rank > smaller)
            throw config.Names.Error($"{name} {Options.Initialization} takes at most {smaller} singular values from '{path}', fewer than the rank {settings.Rank}.");
        if (Options.Initialization.Equals(LoraInitialization.Orthogonal) && settings.Rank % 2 != 0)
            throw config.Names.Error($"{name} orthogonal needs an even rank; '{path}' has {settings.Rank}.");
        return new PlannedLinear(path, layer, settings, Options.LoraBias, Options.UseDora, SavesBase(path), Options.Initialization);
    }

    private PlannedEmbedding Embedding(string path, EmbeddingLayer layer, LayerSettings settings)
    {
        if (Options.LoraBias) throw config.Names.Error($"{config.Names[nameof(Options.LoraBias)]} is not possible on an embedding, and '{path}' is one.");
        if (Options.UseDora) throw config.Names.Error($"{config.Names[nameof(Options.UseDora)]} on an embedding is not supported, and '{path}' is one; leave it out of {config.Names[nameof(Options.TargetModules)]}.");
        return new PlannedEmbedding(path, layer, settings, SavesBase(path), FollowingHead, Options.Initialization);
    }

    /// <summary>PEFT's rule, by the names of the usual embeddings: a list must hold the name itself, a pattern the text.</summary>
    private bool SavesBase(string path)
    {
        var targets = Options.TargetModules!;
        return EmbeddingNames.Contains(path[(path.LastIndexOf('.') + 1)..])
            && EmbeddingNames.Any(n => targets.Names.Contains(n) || targets.Pattern?.Contains(n, StringComparison.Ordinal) == true);
    }

    private IEnumerable<PlannedPart> Saved()
    {
        foreach (var path in match.FullyTrained.Select(m => m.Path))
        {
            var module = host.Module(path);
            if (module is IAdapterSite) throw Taken(path);
            if (SavedModule.WhyNot(module) is { } reason) throw config.Names.Error($"{config.Names[nameof(Options.ModulesToSave)]} means '{path}', which cannot be trained in full: {reason}.");
            var isEmbedding = path == host.InputEmbedding;
            yield return new PlannedSaved(path, module, isEmbedding ? FollowingHead : null, host.TiedHead is not null && (isEmbedding || path == host.TiedHead));
        }
    }

    private IEnumerable<PlannedPart> Tokens()
    {
        var setting = config.Names[nameof(Options.TrainableTokenIndices)];
        foreach (var (path, ids) in TokenModules(setting))
        {
            if (match.Targeted.Concat(match.FullyTrained).Any(m => m.Path == path)) throw config.Names.Error($"{setting} means '{path}', which is adapted or trained in full already.");
            var table = host.Module(path) switch
            {
                IAdapterSite => throw Taken(path),
                EmbeddingLayer embedding => embedding.Weight,
                DenseLinear { Bias: null } dense => dense.Weight,
                var other => throw config.Names.Error($"{setting} means '{path}', a {other.GetType().Name}; expected an embedding or an output head without a bias."),
            };
            if (ids.Count == 0) throw config.Names.Error($"{setting} holds no id for '{path}'.");
            if (ids.Distinct().Count() != ids.Count) throw config.Names.Error($"{setting} holds an id for '{path}' twice.");
            if (ids.Max() >= table.shape[0]) throw config.Names.Error($"{setting} holds {ids.Max()}, which is beyond the {table.shape[0]} rows of '{path}'.");
            yield return new PlannedTokens(path, table, ids, path == host.InputEmbedding && !IsApart(ids) ? host.TiedHead : null);
        }
    }

    /// <summary>The modules that have trained rows; a tied head with the embedding's ids follows it and is none of its own.</summary>
    private IEnumerable<(string Path, IReadOnlyList<long> Ids)> TokenModules(string setting)
    {
        if (Options.TrainableTokenIndices is not { } tokens) yield break;
        if (tokens.InputEmbedding is { } forInput)
        {
            yield return (host.InputEmbedding ?? throw config.Names.Error($"{setting} is a list, but this module has no input embedding; name the modules."), forInput);
            yield break;
        }
        foreach (var (name, ids) in tokens.Modules)
        {
            var found = modules.Where(m => m.Path == name || m.Path.EndsWith("." + name, StringComparison.Ordinal)).ToArray();
            if (found.Length == 0) throw config.Names.Error($"{setting} '{name}' matches no module.");
            foreach (var module in found.Where(m => m.Path != host.TiedHead || IsApart(ids) || HeadOnly)) yield return (module.Path, ids);
        }
    }

    /// <summary>True if a tied head is given other ids than the embedding.</summary>
    private bool IsApart(IReadOnlyList<long> ids)
        => host.TiedHead is { } head && Options.TrainableTokenIndices!.Modules.TryGetValue(head, out var own) && !own.SequenceEqual(EmbeddingIds() ?? ids);

    private bool HeadOnly => EmbeddingIds() is null;

    private IReadOnlyList<long>? EmbeddingIds() => Options.TrainableTokenIndices!.Modules
        .FirstOrDefault(m => host.InputEmbedding == m.Key || host.InputEmbedding?.EndsWith("." + m.Key, StringComparison.Ordinal) == true).Value;

    private IEnumerable<PlannedPart> Biases()
    {
        if (Options.Bias == LoraBias.None) yield break;
        var adapted = match.Targeted.Select(m => m.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var module in modules)
        {
            if (Options.Bias == LoraBias.AdaptedLayers && !adapted.Contains(module.Path)) continue;
            if (host.Module(module.Path) is LinearLayer { Bias: { } bias }) yield return new PlannedBias(module.Path, bias, adapted.Contains(module.Path));
        }
    }

    private Exception Taken(string path) => config.Names.Error($"'{path}' is trained in another way by an adapter that the model has already.");
}
