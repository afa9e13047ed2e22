namespace Socratic.Training.Data.Chat;

/// <summary>ChatML. Qwen 2.5 puts a system turn of its own first where there is none, and also learns the line break before an answer.</summary>
/// <param name="name">The name.</param>
/// <param name="defaultSystem">The system message where the conversation has none; null for none.</param>
/// <param name="learned">What is learned besides an answer's content.</param>
internal sealed class ChatMlTemplate(string name, string? defaultSystem, ChatMlTemplate.Around learned) : ChatTemplate(name, "<|im_end|>")
{
    /// <summary>What stands around an answer's content.</summary>
    [Flags]
    internal enum Around
    {
        Nothing = 0,
        LeadingBreak = 1,
        EndOfTurn = 2,
        TrailingBreak = 4,
    }

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
            var answer = role == ChatMessage.AssistantRole;
            writer.Learned = answer && learned.HasFlag(Around.LeadingBreak);
            writer.Text("\n");
            writer.Learned = answer;
            writer.Text(content);
            writer.Learned = answer && learned.HasFlag(Around.EndOfTurn);
            writer.Control("<|im_end|>");
            writer.Learned = answer && learned.HasFlag(Around.TrailingBreak);
            writer.Text("\n");
            writer.Learned = false;
        }
        writer.Message = -1;
        if (options.ForGeneration) writer.Control("<|im_start|>").Text("assistant\n");
    }
}
