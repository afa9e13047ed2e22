namespace Socratic.Training.Data.Chat;

/// <summary>The templates there are.</summary>
internal static class ChatTemplates
{
    private static readonly Dictionary<string, ChatTemplate> All = ((ChatTemplate[])[new Gemma2Template()]).ToDictionary(t => t.Name, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => All.Keys;

    public static ChatTemplate? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>Chooses a template by the text of a folder's template; null if it is none we know.</summary>
    public static ChatTemplate? Recognize(string template)
    {
        if (template.Contains("<start_of_turn>", StringComparison.Ordinal)) return Find("gemma2");
        return null;
    }
}
