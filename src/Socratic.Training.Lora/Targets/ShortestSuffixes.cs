using Socratic.Training.Files;

namespace Socratic.Training.Lora.Targets;

/// <summary>
/// How PEFT stores a list of many target names: from 20 on, as the shortest endings that match the same modules and no others.
/// </summary>
internal static class ShortestSuffixes
{
    private const int From = 20;

    /// <summary>The names to store for <paramref name="targets"/>; <paramref name="modules"/> are all names of the model.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> targets, IEnumerable<string> modules)
    {
        if (targets.Count < From) return targets;
        var others = modules.Where(m => !targets.Any(t => m == t || m.EndsWith("." + t, StringComparison.Ordinal))).SelectMany(Endings).ToHashSet(StringComparer.Ordinal);
        var found = new List<string>();
        foreach (var target in targets.Distinct(StringComparer.Ordinal).OrderBy(t => string.Join('\n', Endings(t)), Comparer<string>.Create(PythonJson.CompareKeys)))
        {
            if (found.Any(f => target == f || target.EndsWith("." + f, StringComparison.Ordinal))) continue;
            found.Add(Endings(target).FirstOrDefault(e => !others.Contains(e)) ?? target);
        }
        return found.Count < targets.Count ? found : targets;
    }

    /// <summary>The endings of a path by whole parts, shortest first.</summary>
    private static IEnumerable<string> Endings(string path)
    {
        for (var dot = path.LastIndexOf('.'); dot >= 0; dot = dot == 0 ? -1 : path.LastIndexOf('.', dot - 1)) yield return path[(dot + 1)..];
        yield return path;
    }
}
