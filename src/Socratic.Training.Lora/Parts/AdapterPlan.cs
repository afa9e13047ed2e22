using Socratic.Training.Layers;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using Socratic.Training.Lora.Sites;
using Socratic.Training.Lora.Targets;

namespace Socratic.Training.Lora.Parts;

/// <summary>
/// An adapter as it will lie in a model, worked out and checked before the model is touched.
/// </summary>
internal sealed class AdapterPlan
{
    private static readonly string[] UsualTargets = ["q_proj", "v_proj"];
    private static readonly string[] UsualFamilies = ["llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3"];

    private static readonly string[] EmbeddingNames = ["embed_tokens", "lm_head"];

    private AdapterPlan(AdapterConfig config, IReadOnlyList<PlannedPart> parts, IReadOnlyList<string> warnings)
    {
        Config = config;
        Parts = parts;
        Warnings = warnings;
    }

    /// <summary>The configuration with the target names that are stored.</summary>
    public AdapterConfig Config { get; }

    /// <summary>What it puts where, in the model's order.</summary>
    public IReadOnlyList<PlannedPart> Parts { get; }

    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Every tensor of its file.</summary>
    public IReadOnlyList<TensorSpec> Tensors => [.. Parts.SelectMany(p => p.Tensors)];

    /// <exception cref="ArgumentException">The settings, made by a program, do not fit the model.</exception>
    /// <exception cref="InvalidDataException">The settings, read from a file, do not fit the model.</exception>
    public static AdapterPlan Make(AdapterConfig config, AdapterHost host)
    {
        RefuseUnsupported(config);
        var modules = host.Modules();
        var options = WithTargets(config, host, modules);
        var match = TargetMatch.Find(options, modules, config.Names);
        foreach (var module in match.Targeted)
            if (host.WhyNotReplaceable(module.Path) is { } reason) throw config.Names.Error(reason);
        var parts = match.Targeted.Select(m => new PlannedLinear(m.Path, BaseOf(host.Linear(m.Path)), Settings(options, m.Path), options.LoraBias, options.UseDora, SavesBase(options, m.Path))).ToArray();
        if (options.TargetModules is { Pattern: null } names)
            options = options with { TargetModules = TargetModules.Create([.. ShortestSuffixes.Of(names.Names, modules.Select(m => m.Path))]) };
        return new AdapterPlan(config.With(options), parts, [.. config.Warnings, .. match.Warnings]);
    }

    /// <summary>The layer without adapters.</summary>
    public static LinearLayer BaseOf(LinearLayer layer) => layer is LoraLinear adapted ? adapted.Base : layer;

    /// <summary>PEFT's rule, by the names of the usual embeddings: a list must hold the name itself, a pattern the text.</summary>
    private static bool SavesBase(LoraOptions options, string path)
    {
        var name = path[(path.LastIndexOf('.') + 1)..];
        return EmbeddingNames.Contains(name) && EmbeddingNames.Any(n => options.TargetModules!.Names.Contains(n) || options.TargetModules.Pattern?.Contains(n, StringComparison.Ordinal) == true);
    }

    private static LayerSettings Settings(LoraOptions options, string path) => new(
        PatternTable.Find(options.RankPattern, path, options.Rank), PatternTable.Find(options.AlphaPattern, path, options.Alpha), options.UseRsLora, options.Dropout);

    /// <summary>The usual targets where none are given, and the names of all linear layers where all are meant.</summary>
    private static LoraOptions WithTargets(AdapterConfig config, AdapterHost host, IReadOnlyList<ModuleInfo> modules)
    {
        var options = config.Options;
        if (options.TargetModules is null)
        {
            if (!UsualFamilies.Contains(host.ModelType))
                throw config.Names.Error($"{config.Names[nameof(options.TargetModules)]} is not set, and there are no usual targets for {host.ModelType ?? "this module"}; name the layers, or all-linear.");
            return options with { TargetModules = UsualTargets };
        }
        if (!options.TargetModules.IsAllLinear) return options;
        var all = modules.Where(m => m is { Kind: ModuleKind.Linear, IsOutputEmbedding: false }).Select(m => m.Path).ToArray();
        return all.Length == 0
            ? throw config.Names.Error($"{config.Names[nameof(options.TargetModules)]} is all-linear, but the model has no {nameof(LinearLayer)}.")
            : options with { TargetModules = all };
    }

    private static void RefuseUnsupported(AdapterConfig config)
    {
        var o = config.Options;
        var missing = new[]
        {
            (o.Bias != LoraBias.None, "bias"), (o.ModulesToSave is { Count: > 0 }, "modules_to_save"),
            (o.TrainableTokenIndices is not null, "trainable_token_indices"), (o.EnsureWeightTying, "ensure_weight_tying"),
            (o.Initialization.ChangesBase || o.Initialization.Equals(LoraInitialization.Orthogonal), $"init_lora_weights {o.Initialization}"),
        };
        foreach (var (isSet, name) in missing)
            if (isSet) throw new NotSupportedException($"{config.Names.Source}: {name} is not supported yet.");
    }
}
