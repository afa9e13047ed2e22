using System.Globalization;
using Socratic.Training.Lora.Targets;

namespace Socratic.Training.Lora;

/// <summary>The rules settings must keep whatever the model; all broken ones are told at once.</summary>
internal static class LoraOptionsRules
{
    private static readonly string[] TaskTypes = ["SEQ_CLS", "SEQ_2_SEQ_LM", "CAUSAL_LM", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION"];

    /// <summary>Throws one exception that holds every problem.</summary>
    public static void Check(LoraOptions options, SettingNames names)
    {
        var problems = Problems(options, names).ToArray();
        if (problems.Length > 0) throw names.Error(string.Join(" ", problems));
    }

    public static IEnumerable<string> Problems(LoraOptions options, SettingNames names)
        => Numbers(options, names).Concat(Targets(options, names)).Concat(Patterns(options, names)).Concat(Rest(options, names));

    private static IEnumerable<string> Numbers(LoraOptions o, SettingNames names)
    {
        if (o.Rank < 1) yield return $"{names[nameof(o.Rank)]} is {o.Rank}; expected a whole number of at least 1.";
        if (!double.IsFinite(o.Alpha)) yield return $"{names[nameof(o.Alpha)]} is {Text(o.Alpha)}; expected a finite number.";
        if (!(o.Dropout >= 0 && o.Dropout < 1)) yield return $"{names[nameof(o.Dropout)]} is {Text(o.Dropout)}; expected at least 0 and below 1.";
        foreach (var (key, rank) in o.RankPattern)
            if (rank < 1) yield return $"{names[nameof(o.RankPattern)]} '{key}' is {rank}; expected a whole number of at least 1.";
        foreach (var (key, alpha) in o.AlphaPattern)
            if (!double.IsFinite(alpha)) yield return $"{names[nameof(o.AlphaPattern)]} '{key}' is {Text(alpha)}; expected a finite number.";
    }

    private static IEnumerable<string> Targets(LoraOptions o, SettingNames names)
    {
        var (targets, layers) = (names[nameof(o.TargetModules)], names[nameof(o.LayersToTransform)]);
        if (o.TargetModules is { IsAllLinear: false, Pattern: null, Names.Count: 0 }) yield return $"{targets} is empty; expected names, a pattern or all-linear.";
        if (o.TargetModules?.Names.Any(string.IsNullOrEmpty) == true) yield return $"{targets} holds an empty name.";
        if (o is { LayersToTransform.Count: > 0, TargetModules: { Pattern: not null } or { IsAllLinear: true } })
            yield return $"{layers} cannot be used when {targets} is a pattern or all-linear; put the numbers into a pattern.";
        if (o.LayersToTransform?.Any(l => l < 0) == true) yield return $"{layers} holds a negative number.";
        if (o.LayersPattern is { Count: > 0 } && o.LayersToTransform is not { Count: > 0 })
            yield return $"{names[nameof(o.LayersPattern)]} is set without {layers}.";
    }

    private static IEnumerable<string> Patterns(LoraOptions o, SettingNames names)
    {
        var patterns = new List<(string Setting, string? Pattern)>
        {
            (nameof(o.TargetModules), o.TargetModules?.Pattern),
            (nameof(o.ExcludeModules), o.ExcludeModules?.Pattern),
        };
        patterns.AddRange((o.LayersPattern ?? []).Select(p => (nameof(o.LayersPattern), (string?)p)));
        patterns.AddRange(o.RankPattern.Keys.Select(p => (nameof(o.RankPattern), (string?)p)));
        patterns.AddRange(o.AlphaPattern.Keys.Select(p => (nameof(o.AlphaPattern), (string?)p)));
        patterns.AddRange((o.ModulesToSave ?? []).Select(p => (nameof(o.ModulesToSave), (string?)p)));
        foreach (var (setting, pattern) in patterns)
            if (pattern is not null && PythonPattern.Problem(pattern) is { } problem)
                yield return $"{names[setting]} '{pattern}' is not a valid regular expression: {problem}";
    }

    private static IEnumerable<string> Rest(LoraOptions o, SettingNames names)
    {
        if (!Enum.IsDefined(o.Bias)) yield return $"bias is {o.Bias}; expected none, all or lora_only.";
        if (o.LoraBias && o.UseDora) yield return $"{names[nameof(o.LoraBias)]} cannot be used together with {names[nameof(o.UseDora)]}.";
        if (o.ModulesToSave?.Any(string.IsNullOrEmpty) == true) yield return $"{names[nameof(o.ModulesToSave)]} holds an empty name.";
        if (o.TrainableTokenIndices?.Any(id => id < 0) == true) yield return $"{names[nameof(o.TrainableTokenIndices)]} holds a negative id.";
        if (o.TaskType is not null && !TaskTypes.Contains(o.TaskType))
            yield return $"{names[nameof(o.TaskType)]} is '{o.TaskType}'; expected one of {string.Join(", ", TaskTypes)}.";
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
