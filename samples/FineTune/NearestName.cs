namespace FineTune;

/// <summary>The key that a misspelled one was most likely meant to be.</summary>
internal static class NearestName
{
    internal static string Of(string key, IEnumerable<string> known)
    {
        var (section, name) = Split(key);
        return known.OrderBy(k => Distance(Plain(name), Plain(Split(k).Name))).ThenBy(k => Split(k).Section == section ? 0 : 1).First();
    }

    private static (string Section, string Name) Split(string key) => key.LastIndexOf('.') is > 0 and var dot ? (key[..dot], key[(dot + 1)..]) : ("", key);

    // LearningRate, learning-rate and learning_rate are one name to a person.
    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    /// <summary>Levenshtein's distance: letters put in, left out or exchanged.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var exchanged = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(exchanged, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
