namespace Socratic.Training.Data.Chat;

/// <summary>The templates there are.</summary>
internal static class ChatTemplates
{
    private static readonly Dictionary<string, ChatTemplate> All = ((ChatTemplate[])[
        new Gemma2Template(),
        new Gemma3Template(),
        new Llama3Template("llama3", withDates: false),
        new Llama3Template("llama3_1", withDates: true),
        new ChatMlTemplate("chatml", defaultSystem: null, ChatMlTemplate.Around.EndOfTurn | ChatMlTemplate.Around.TrailingBreak),
        new ChatMlTemplate("qwen2_5", ChatMlTemplate.QwenSystem, ChatMlTemplate.Around.LeadingBreak | ChatMlTemplate.Around.EndOfTurn | ChatMlTemplate.Around.TrailingBreak),
        new Qwen3Template("qwen3", everyTurn: false),
        new Qwen3Template("qwen3_training", everyTurn: true),
        new MistralTemplate("mistral_v1", controlTokens: false),
        new MistralTemplate("mistral_v3", controlTokens: true),
    ]).ToDictionary(t => t.Name, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => All.Keys;

    public static ChatTemplate? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>Chooses a template by the text of a folder's template, which is not executed; null if it is none we know, or one whose tokens the tokenizer lacks.</summary>
    /// <param name="template">The folder's template.</param>
    /// <param name="isControl">Whether the tokenizer has a control token of a name.</param>
    public static ChatTemplate? Recognize(string template, Func<string, bool> isControl)
    {
        var name = NameOf(template, isControl);
        return name is not null && Find(name) is { } found && found.ControlPieces.All(isControl) ? found : null;
    }

    private static string? NameOf(string template, Func<string, bool> isControl)
    {
        if (Has("<start_of_turn>")) return Has("System role not supported") || !Has("system") ? "gemma2" : "gemma3";
        if (Has("<|start_header_id|>")) return Has("Cutting Knowledge Date") ? "llama3_1" : "llama3";
        if (Has("<|im_start|>"))
        {
            if (Has("</think>")) return "qwen3";
            if (Has(ChatMlTemplate.QwenSystem)) return "qwen2_5";
            // Another default system message would be missing from what we write.
            return Has("<|im_start|>system\\nYou") || Has("<|im_start|>system\nYou") ? null : "chatml";
        }
        if (Has("[INST]") && !Has("<<SYS>>") && !Has("[SYSTEM_PROMPT]")) return isControl("[INST]") ? "mistral_v3" : "mistral_v1";
        return null;

        bool Has(string text) => template.Contains(text, StringComparison.Ordinal);
    }
}
