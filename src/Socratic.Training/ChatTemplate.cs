using Socratic.Training.Data.Chat;

namespace Socratic.Training;

/// <summary>
/// How a family of models writes a conversation. Templates are built in and chosen by name or by what a model's folder says;
/// a template file is never executed.
/// </summary>
public abstract class ChatTemplate
{
    private protected ChatTemplate(string name, string endOfTurn)
    {
        Name = name;
        EndOfTurn = endOfTurn;
    }

    /// <summary>The name, such as <c>gemma2</c>.</summary>
    public string Name { get; }

    /// <summary>The piece that ends the model's turn; generation stops at it.</summary>
    public string EndOfTurn { get; }

    /// <summary>The names of all templates.</summary>
    public static IReadOnlyCollection<string> Names => ChatTemplates.Names;

    /// <summary>The pieces that the template writes as control tokens; the tokenizer must have them.</summary>
    internal abstract IReadOnlyList<string> ControlPieces { get; }

    /// <summary>Texts that mark turns: content that holds one was probably formatted already.</summary>
    internal virtual IReadOnlyList<string> Markers => ControlPieces;

    /// <summary>The template of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ChatTemplate Named(string name) => ChatTemplates.Find(name)
        ?? throw new ArgumentException($"There is no chat template '{name}'; there are {string.Join(", ", Names)}.", nameof(name));

    /// <summary>True if a leading system message reaches the model in a conversation that ends with an assistant's message.</summary>
    internal abstract bool SupportsSystem { get; }

    /// <summary>Writes a conversation.</summary>
    /// <param name="messages">At least one message.</param>
    /// <param name="options">What else to write.</param>
    /// <exception cref="ChatTemplateException">The roles or their order do not fit.</exception>
    internal RenderedChat Render(IReadOnlyList<ChatMessage> messages, ChatRendering options = default)
    {
        if (messages.Count == 0) throw new ChatTemplateException("The conversation has no messages.");
        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i].Content is null) throw new ChatTemplateException($"Message {i} has no content.");
            if (messages[i].Role is not (ChatMessage.UserRole or ChatMessage.AssistantRole or ChatMessage.SystemRole))
                throw new ChatTemplateException($"Message {i} has the role '{messages[i].Role}'; roles are user, assistant and system.");
        }
        var writer = new ChatWriter();
        Write(messages, options, writer);
        return new RenderedChat(writer.Segments, messages.Count);
    }

    private protected abstract void Write(IReadOnlyList<ChatMessage> messages, ChatRendering options, ChatWriter writer);

    /// <summary>Requires user and assistant in turn, the user first.</summary>
    private protected static void RequireAlternation(IReadOnlyList<ChatMessage> messages, int start)
    {
        for (var i = start; i < messages.Count; i++)
        {
            var role = messages[i].Role;
            if (role == ((i - start) % 2 == 0 ? ChatMessage.UserRole : ChatMessage.AssistantRole)) continue;
            var before = i == start ? (start == 0 ? "at the start" : "after the system message") : $"after '{messages[i - 1].Role}'";
            throw new ChatTemplateException($"Roles must alternate, user first: message {i} is '{role}' {before}.");
        }
    }

    /// <summary>Python's strip: white space, and the separators U+001C to U+001F.</summary>
    internal static string Trim(string text)
    {
        static bool Blank(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';
        var (start, end) = (0, text.Length);
        while (start < end && Blank(text[start])) start++;
        while (end > start && Blank(text[end - 1])) end--;
        return text[start..end];
    }
}
