namespace Socratic.Training.Data.Chat;

/// <summary>Qwen 3: ChatML with thoughts. Only answers after the last question keep theirs; in the training form each answer has a thought, empty or not.</summary>
internal sealed class Qwen3Template(string name, bool everyTurn) : ChatTemplate(name, "<|im_end|>")
{
    internal override IReadOnlyList<string> ControlPieces { get; } = ["<|im_start|>", "<|im_end|>", "<think>", "</think>"];

    internal override IReadOnlyList<string> Markers { get; } = ["<|im_start|>", "<|im_end|>"];

    internal override bool SupportsSystem => true;

    private protected override void Write(IReadOnlyList<ChatMessage> messages, ChatRendering options, ChatWriter writer)
    {
        var lastQuestion = LastQuestion(messages);
        for (var i = 0; i < messages.Count; i++)
        {
            writer.Message = i;
            writer.Control("<|im_start|>").Text(messages[i].Role + "\n");
            if (messages[i].Role == ChatMessage.AssistantRole)
            {
                writer.Learned = true;
                var (thought, answer) = Part(messages[i]);
                var last = i == messages.Count - 1;
                if (everyTurn || (i > lastQuestion && (last || thought.Length > 0))) WriteThought(writer, thought.Trim('\n')).Text(answer.TrimStart('\n'));
                else writer.Text(answer);
            }
            else writer.Text(messages[i].Content);
            writer.Control("<|im_end|>").Text("\n");
            writer.Learned = false;
        }
        writer.Message = -1;
        if (!options.ForGeneration) return;
        writer.Control("<|im_start|>").Text("assistant\n");
        if (options.WithoutThinking) WriteThought(writer, "");
    }

    private static ChatWriter WriteThought(ChatWriter writer, string thought) => writer.Control("<think>").Text($"\n{thought}\n").Control("</think>").Text("\n\n");

    /// <summary>The last user message that is not a tool's answer; if there is none, no answer counts as after it.</summary>
    private static int LastQuestion(IReadOnlyList<ChatMessage> messages)
    {
        for (var i = messages.Count - 1; i >= 0; i--)
        {
            var (role, content) = messages[i];
            var fromTool = content.StartsWith("<tool_response>", StringComparison.Ordinal) && content.EndsWith("</tool_response>", StringComparison.Ordinal);
            if (role == ChatMessage.UserRole && !fromTool) return i;
        }
        return messages.Count - 1;
    }

    private static (string Thought, string Answer) Part(ChatMessage message)
    {
        if (message.Reasoning is { } reasoning) return (reasoning, message.Content);
        var parts = message.Content.Split("</think>");
        return parts.Length == 1 ? ("", message.Content) : (parts[0].TrimEnd('\n').Split("<think>")[^1].TrimStart('\n'), parts[^1].TrimStart('\n'));
    }
}
