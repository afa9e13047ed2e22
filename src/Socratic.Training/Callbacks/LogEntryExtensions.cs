namespace Socratic.Training.Callbacks;

/// <summary>Values of log entries by their names.</summary>
internal static class LogEntryExtensions
{
    /// <summary>The value under its name without prefix; null if the evaluation gave none.</summary>
    public static double? ValueOf(this EvaluationLogEntry entry, string name)
    {
        foreach (var (key, value) in entry.Values)
            if (key.Length == entry.Prefix.Length + 1 + name.Length && key.StartsWith(entry.Prefix, StringComparison.Ordinal) && key.EndsWith(name, StringComparison.Ordinal)) return value;
        return null;
    }
}
