using System.Text.Json.Nodes;
using Socratic.Training.Files;

namespace Socratic.Training.Runs;

/// <summary>How the options of the run in the output folder differ from those of the run that wants to begin.</summary>
internal static class OptionDifferences
{
    /// <summary>One text an option, <c>learning_rate: 8E-05 -> 0.0001</c>; empty if there is nothing to compare with, or no difference.</summary>
    public static IReadOnlyList<string> Between(string folder, JsonObject now)
    {
        var path = Path.Combine(folder, TrainingConfiguration.FileName);
        if (!File.Exists(path)) return [];
        try
        {
            return Compare(SettingsJson.Read(path), now);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return [$"{TrainingConfiguration.FileName} cannot be read, so the old options are not known: {e.Message}"];
        }
    }

    internal static IReadOnlyList<string> Compare(JsonObject then, JsonObject now)
    {
        var (old, current) = (new SortedDictionary<string, string>(StringComparer.Ordinal), new SortedDictionary<string, string>(StringComparer.Ordinal));
        Flatten(then, "", old);
        Flatten(now, "", current);
        // The folder is the one that is being looked at, even if it was moved since.
        return [.. old.Keys.Union(current.Keys).Order(StringComparer.Ordinal)
            .Where(key => key != "training_args.output_dir" && old.GetValueOrDefault(key) != current.GetValueOrDefault(key))
            .Select(key => $"{Short(key)}: {old.GetValueOrDefault(key, "not set")} -> {current.GetValueOrDefault(key, "not set")}")];
    }

    private static string Short(string key) => key.StartsWith("training_args.", StringComparison.Ordinal) ? key["training_args.".Length..] : key;

    private static void Flatten(JsonObject node, string prefix, SortedDictionary<string, string> into)
    {
        foreach (var (key, value) in node)
        {
            if (value is JsonObject inner) Flatten(inner, $"{prefix}{key}.", into);
            else into[prefix + key] = value?.ToJsonString(SettingsJson.Options).ReplaceLineEndings("").Replace("  ", " ", StringComparison.Ordinal) ?? "null";
        }
    }
}
