namespace Socratic.Training.Lora.Targets;

/// <summary>
/// Which modules the settings mean: those that get an adapter, those trained in full, in the model's order. The rules are PEFT's
/// (check_target_module_exists and the wrapping of modules_to_save); an error names the setting and the module names that exist.
/// </summary>
internal sealed class TargetMatch
{
    private readonly LoraOptions options;
    private readonly SettingNames names;

    private TargetMatch(LoraOptions options, SettingNames names)
    {
        this.options = options;
        this.names = names;
    }

    /// <summary>The modules that get an adapter.</summary>
    public IReadOnlyList<ModuleInfo> Targeted { get; private init; } = [];

    /// <summary>The modules trained in full.</summary>
    public IReadOnlyList<ModuleInfo> FullyTrained { get; private init; } = [];

    /// <summary>Settings that match nothing.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Matches <paramref name="modules"/>, which lists every module of the model in its order.</summary>
    public static TargetMatch Find(LoraOptions options, IReadOnlyList<ModuleInfo> modules, SettingNames names)
    {
        var match = new TargetMatch(options, names);
        var targeted = modules.Where(m => !match.IsExcluded(m.Path) && !match.IsSaved(m.Path) && match.IsTarget(m)).ToArray();
        var saved = modules.Where(m => options.ModulesToSave?.Any(s => m.Path.EndsWith(s, StringComparison.Ordinal)) == true).ToArray();
        match.CheckSaved(modules);
        if (targeted.Length == 0) throw match.NothingMatched(modules);
        if (targeted.FirstOrDefault(m => m.Kind == ModuleKind.Other) is { } other) throw match.NotAdaptable(other);
        return new TargetMatch(options, names) { Targeted = targeted, FullyTrained = saved, Warnings = [.. match.Warn(modules, targeted)] };
    }

    private bool IsExcluded(string path) => options.ExcludeModules is { } excluded && Matches(excluded, path);

    private bool IsSaved(string path) => options.ModulesToSave?.Any(s => PythonPattern.MatchesPart(s, path)) == true;

    private bool IsTarget(ModuleInfo module)
    {
        var targets = options.TargetModules!;
        if (targets.IsAllLinear) return module is { Kind: ModuleKind.Linear, IsOutputEmbedding: false };
        if (targets.Pattern is not null || targets.Names.Contains(module.Path)) return Matches(targets, module.Path);
        return Matches(targets, module.Path) && IsInLayers(module.Path);
    }

    private bool IsInLayers(string path)
    {
        if (options.LayersToTransform is not { Count: > 0 } layers) return true;
        var number = options.LayersPattern is { Count: > 0 } patterns
            ? patterns.Select(p => PythonPattern.FirstNumber(p, path)).FirstOrDefault(n => n is not null)
            : PythonPattern.FirstNumber(null, path);
        return number is { } n && layers.Contains(n);
    }

    private static bool Matches(TargetModules modules, string path) => modules.Pattern is { } pattern
        ? PythonPattern.MatchesWhole(pattern, path)
        : modules.Names.Any(name => path == name || (path.EndsWith(name, StringComparison.Ordinal) && path.Length > name.Length && path[^(name.Length + 1)] == '.'));

    private void CheckSaved(IReadOnlyList<ModuleInfo> modules)
    {
        foreach (var saved in options.ModulesToSave ?? [])
            if (!modules.Any(m => m.Path.EndsWith(saved, StringComparison.Ordinal)))
                throw names.Error($"{names[nameof(options.ModulesToSave)]} '{saved}' is not the end of any module's name. {Existing(modules)}");
    }

    private Exception NothingMatched(IReadOnlyList<ModuleInfo> modules)
    {
        var (setting, targets) = (names[nameof(options.TargetModules)], Show(options.TargetModules!));
        var without = options with { LayersToTransform = null, LayersPattern = null };
        if (options.LayersToTransform is { Count: > 0 } layers && modules.Any(new TargetMatch(without, names).IsTarget))
            return names.Error($"{names[nameof(options.LayersToTransform)]} [{string.Join(", ", layers)}] leaves none of the modules that {setting} {targets} matches.");
        if (modules.Any(IsTarget))
            return names.Error($"{setting} {targets} matches only modules that {names[nameof(options.ExcludeModules)]} or {names[nameof(options.ModulesToSave)]} takes away.");
        return names.Error($"{setting} {targets} matches no module of this model. {Existing(modules)}");
    }

    private Exception NotAdaptable(ModuleInfo module)
    {
        var what = $"{names[nameof(options.TargetModules)]} {Show(options.TargetModules!)} matches '{module.Path}', a {module.TypeName}";
        return names.Error(module.TypeName == "Linear"
            ? $"{what} of TorchSharp, which is sealed and cannot be wrapped. Make it a Socratic.Training.Layers.LinearLayer (DenseLinear is the ordinary one)."
            : $"{what}; only LinearLayers and embeddings can have an adapter. Name the layers below it.");
    }

    private IEnumerable<string> Warn(IReadOnlyList<ModuleInfo> modules, ModuleInfo[] targeted)
    {
        if (options.ExcludeModules is { } excluded && !modules.Any(m => IsExcluded(m.Path)))
            yield return $"{names.Source}: {names[nameof(options.ExcludeModules)]} {Show(excluded)} excludes no module.";
        foreach (var name in options.TargetModules!.Names.Where(n => !modules.Any(m => Matches(TargetModules.Create([n]), m.Path))))
            yield return $"{names.Source}: {names[nameof(options.TargetModules)]} '{name}' matches no module.";
        foreach (var (setting, patterns) in new[] { (nameof(options.RankPattern), options.RankPattern.Keys), (nameof(options.AlphaPattern), options.AlphaPattern.Keys) })
            foreach (var pattern in patterns.Where(p => !targeted.Any(m => PythonPattern.MatchesEnd(p, m.Path))))
                yield return $"{names.Source}: {names[setting]} '{pattern}' matches no adapted module.";
    }

    private static string Show(TargetModules modules) => modules is { IsAllLinear: false, Pattern: null } ? $"[{modules}]" : $"'{modules}'";

    /// <summary>The last parts of the names of the layers that could be adapted, each once: q_proj, k_proj, ...</summary>
    private static string Existing(IReadOnlyList<ModuleInfo> modules)
    {
        var ends = modules.Where(m => m.Kind != ModuleKind.Other).Select(m => m.Path[(m.Path.LastIndexOf('.') + 1)..]).Distinct().ToArray();
        return $"There are: {string.Join(", ", ends.Take(40))}{(ends.Length > 40 ? ", ..." : "")}.";
    }
}
