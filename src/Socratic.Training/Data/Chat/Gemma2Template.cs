namespace Socratic.Training.Data.Chat;

/// <summary>Gemma 2: no system role; the assistant is called <c>model</c>; contents are trimmed.</summary>
internal sealed class Gemma2Template() : ChatTemplate("gemma2", "<end_of_turn>")
{
    internal override IReadOnlyList<string> ControlPieces { get; } = ["<bos>", "<start_of_turn>", "<end_of_turn>"];

    internal override bool SupportsSystem => false;

    private protected override void Write(IReadOnlyList<ChatMessage> messages, ChatRendering options, ChatWriter writer)
    {
        if (messages[0].Role == ChatMessage.SystemRole) throw new ChatTemplateException("Gemma 2 has no system role, but message 0 is 'system'; set SystemMessage to FoldIntoFirstUser to put it before the first user message.");
        RequireAlternation(messages, 0);
        writer.Control("<bos>");
        for (var i = 0; i < messages.Count; i++) WriteTurn(writer, i, messages[i].Role, Trim(messages[i].Content));
        writer.Message = -1;
        if (options.ForGeneration) writer.Control("<start_of_turn>").Text("model\n");
    }

    /// <summary>One turn of Gemma's form.</summary>
    internal static void WriteTurn(ChatWriter writer, int message, string role, string text)
    {
        writer.Message = message;
        writer.Control("<start_of_turn>").Text((role == ChatMessage.AssistantRole ? "model" : role) + "\n");
        writer.Learned = role == ChatMessage.AssistantRole;
        writer.Text(text).Control("<end_of_turn>").Text("\n");
        writer.Learned = false;
    }
}
