using Socratic.Training.Files;

namespace Socratic.Training.Lora.Targets;

/// <summary>
/// Ranks or alphas of single layers. The file sorts the patterns, so they are tried in sorted order from the start: an adapter means the same before it is saved.
/// </summary>
internal static class PatternTable
{
    public static T Find<T>(IReadOnlyDictionary<string, T> patterns, string path, T otherwise)
    {
        foreach (var pattern in patterns.Keys.Order(Comparer<string>.Create(PythonJson.CompareKeys)))
            if (PythonPattern.MatchesEnd(pattern, path)) return patterns[pattern];
        return otherwise;
    }
}
