namespace Socratic.Training.Data.Chat;

/// <summary>Gemma 3: as Gemma 2, but a leading system message stands before the first user content.</summary>
internal sealed class Gemma3Template() : ChatTemplate("gemma3", "<end_of_turn>")
{
    internal override IReadOnlyList<string> ControlPieces { get; } = ["<bos>", "<start_of_turn>", "<end_of_turn>"];

    internal override bool SupportsSystem => true;

    private protected override void Write(IReadOnlyList<ChatMessage> messages, ChatRendering options, ChatWriter writer)
    {
        var first = messages[0].Role == ChatMessage.SystemRole ? 1 : 0;
        RequireAlternation(messages, first);
        writer.Control("<bos>");
        for (var i = first; i < messages.Count; i++)
        {
            var (role, content) = messages[i];
            var prefix = i == 1 && first == 1 ? messages[0].Content + "\n\n" : "";
            Gemma2Template.WriteTurn(writer, i, role, prefix + Trim(content));
        }
        writer.Message = -1;
        if (options.ForGeneration) writer.Control("<start_of_turn>").Text("model\n");
    }
}
