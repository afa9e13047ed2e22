namespace Socratic.Training.Data.Chat;

/// <summary>Llama 3: a header before each message. Llama 3.1 always begins with a system turn that gives dates.</summary>
internal sealed class Llama3Template(string name, bool withDates) : ChatTemplate(name, "<|eot_id|>")
{
    // The date of the published template; 3.2 writes the current one, which no run could repeat.
    private const string Dates = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";

    internal override IReadOnlyList<string> ControlPieces { get; } = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];

    internal override bool SupportsSystem => true;

    private protected override void Write(IReadOnlyList<ChatMessage> messages, ChatRendering options, ChatWriter writer)
    {
        writer.Control("<|begin_of_text|>");
        var first = withDates && messages[0].Role == ChatMessage.SystemRole ? 1 : 0;
        if (withDates)
        {
            writer.Message = first - 1;
            WriteTurn(writer, ChatMessage.SystemRole, Dates + (first == 1 ? Trim(messages[0].Content) : ""));
        }
        for (var i = first; i < messages.Count; i++)
        {
            writer.Message = i;
            WriteTurn(writer, messages[i].Role, Trim(messages[i].Content));
        }
        writer.Message = -1;
        if (options.ForGeneration) WriteHeader(writer, ChatMessage.AssistantRole);
    }

    private static void WriteTurn(ChatWriter writer, string role, string text)
    {
        WriteHeader(writer, role);
        writer.Learned = role == ChatMessage.AssistantRole;
        writer.Text(text).Control("<|eot_id|>");
        writer.Learned = false;
    }

    private static void WriteHeader(ChatWriter writer, string role) => writer.Control("<|start_header_id|>").Text(role).Control("<|end_header_id|>").Text("\n\n");
}
