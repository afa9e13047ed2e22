namespace Socratic.Training.Data.Chat;

/// <summary>ChatML. Qwen 2.5 puts a system turn of its own first where there is none, and also learns the line break before an answer.</summary>
/// <param name="name">The name.</param>
/// <param name="defaultSystem">The system message where the conversation has none; null for none.</param>
/// <param name="learnsLeadingBreak">Whether the line break after the assistant's header is learned.</param>
internal sealed class ChatMlTemplate(string name, string? defaultSystem, bool learnsLeadingBreak) : ChatTemplate(name, "<|im_end|>")
{
    public const string QwenSystem = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";

    internal override IReadOnlyList<string> ControlPieces { get; } = ["<|im_start|>", "<|im_end|>"];

    internal override bool SupportsSystem => true;

    private protected override void Write(IReadOnlyList<ChatMessage> messages, ChatRendering options, ChatWriter writer)
    {
        if (defaultSystem is not null && messages[0].Role != ChatMessage.SystemRole) writer.Control("<|im_start|>").Text($"system\n{defaultSystem}").Control("<|im_end|>").Text("\n");
        for (var i = 0; i < messages.Count; i++)
        {
            var (role, content) = messages[i];
            writer.Message = i;
            writer.Control("<|im_start|>").Text(role);
            var learned = role == ChatMessage.AssistantRole;
            writer.Learned = learned && learnsLeadingBreak;
            writer.Text("\n");
            writer.Learned = learned;
            writer.Text(content).Control("<|im_end|>").Text("\n");
            writer.Learned = false;
        }
        writer.Message = -1;
        if (options.ForGeneration) writer.Control("<|im_start|>").Text("assistant\n");
    }
}
