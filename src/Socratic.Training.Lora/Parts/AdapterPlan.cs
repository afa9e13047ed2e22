using Socratic.Training.Layers;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Targets;

namespace Socratic.Training.Lora.Parts;

/// <summary>
/// An adapter as it will lie in a model, worked out and checked before the model is touched.
/// </summary>
internal sealed class AdapterPlan
{
    private static readonly string[] UsualFamilies = ["llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3"];

    private AdapterPlan(AdapterConfig config, IReadOnlyList<PlannedPart> parts, IReadOnlyList<string> warnings)
    {
        Config = config;
        Parts = parts;
        Warnings = warnings;
    }

    /// <summary>The configuration with the names that are stored.</summary>
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
        var modules = host.Modules();
        var options = WithTargets(config, host, modules);
        if (options.EnsureWeightTying && host.TiedHead is { } head) options = WithoutTiedHead(options, head, host.InputEmbedding!);
        var match = TargetMatch.Find(options, modules, config.Names);
        var parts = new PlanParts(config.With(options), host, modules, match).Make();
        if (options.TargetModules is { Pattern: null } names)
            options = options with { TargetModules = TargetModules.Create([.. ShortestSuffixes.Of(names.Names, modules.Select(m => m.Path))]) };
        return new AdapterPlan(config.With(options), parts, [.. config.Warnings, .. match.Warnings, .. OtherBase(config, host)]);
    }

    /// <summary>An adapter of another model may fit by its shapes and still be wrong; only the last part of a name is the same on every machine.</summary>
    private static IEnumerable<string> OtherBase(AdapterConfig config, AdapterHost host)
    {
        static string Last(string name) => name.TrimEnd('/', '\\')[(name.TrimEnd('/', '\\').LastIndexOfAny(['/', '\\']) + 1)..];
        if (config.BaseModel is { } made && host.BaseModel is { } here && !Last(made).Equals(Last(here), StringComparison.OrdinalIgnoreCase))
            yield return $"{config.Names.Source}: the adapter was made for '{made}', the model is '{here}'.";
    }

    /// <summary>The usual targets where none are given, and the names of all linear layers where all are meant.</summary>
    private static LoraOptions WithTargets(AdapterConfig config, AdapterHost host, IReadOnlyList<ModuleInfo> modules)
    {
        var options = config.Options;
        if (options.TargetModules is null)
        {
            if (!UsualFamilies.Contains(host.ModelType))
                throw config.Names.Error($"{config.Names[nameof(options.TargetModules)]} is not set, and there are no usual targets for {host.ModelType ?? "this module"}; name the layers, or all-linear.");
            return options with { TargetModules = LoraTargets.QueryAndValue };
        }
        if (!options.TargetModules.IsAllLinear) return options;
        var all = modules.Where(m => m is { Kind: ModuleKind.Linear, IsOutputEmbedding: false }).Select(m => m.Path).ToArray();
        return all.Length == 0
            ? throw config.Names.Error($"{config.Names[nameof(options.TargetModules)]} is all-linear, but the model has no {nameof(LinearLayer)}.")
            : options with { TargetModules = all };
    }

    /// <summary>Where both sides of a tied embedding are to be one, PEFT names the embedding only, by its path, and lets the head follow.</summary>
    private static LoraOptions WithoutTiedHead(LoraOptions options, string head, string embedding)
    {
        bool IsSide(string name) => head == name || embedding == name || embedding.EndsWith("." + name, StringComparison.Ordinal);
        string[] Rename(IEnumerable<string> names) => [.. names.Where(n => n != head).Append(embedding).Distinct()];
        if (options.TargetModules is { Pattern: null } targets && targets.Names.Any(IsSide)) options = options with { TargetModules = Rename(targets.Names) };
        if (options.ModulesToSave?.Any(IsSide) == true) options = options with { ModulesToSave = Rename(options.ModulesToSave) };
        return options;
    }
}
