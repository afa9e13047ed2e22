namespace Socratic.Training.Data.Chat;

/// <summary>
/// Mistral. In the first form <c>[INST]</c> is plain text and a system message stands before the first question; in the third it is a control token,
/// contents of answers are trimmed, and a system message is written only where the last message is a question.
/// </summary>
internal sealed class MistralTemplate(string name, bool controlTokens) : ChatTemplate(name, "</s>")
{
    internal override IReadOnlyList<string> ControlPieces { get; } = controlTokens ? ["<s>", "</s>", "[INST]", "[/INST]"] : ["<s>", "</s>"];

    internal override IReadOnlyList<string> Markers { get; } = ["<s>", "</s>", "[INST]", "[/INST]"];

    // The third form loses the system message of every conversation that ends with an answer.
    internal override bool SupportsSystem => !controlTokens;

    private protected override void Write(IReadOnlyList<ChatMessage> messages, ChatRendering options, ChatWriter writer)
    {
        var first = messages[0].Role == ChatMessage.SystemRole ? 1 : 0;
        RequireAlternation(messages, first);
        writer.Control("<s>");
        for (var i = first; i < messages.Count; i++)
        {
            var (role, content) = messages[i];
            writer.Message = i;
            if (role == ChatMessage.UserRole)
            {
                var carries = first == 1 && i == (controlTokens ? messages.Count - 1 : 1);
                var text = carries ? $"{messages[0].Content}\n\n{content}" : content;
                if (controlTokens) writer.Control("[INST]").Text($" {text}").Control("[/INST]");
                else writer.Text($" [INST] {text} [/INST]");
                continue;
            }
            writer.Learned = true;
            writer.Text(" " + (controlTokens ? Trim(content) : content)).Control("</s>");
            writer.Learned = false;
        }
    }
}
