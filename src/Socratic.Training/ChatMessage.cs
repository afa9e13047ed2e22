namespace Socratic.Training;

/// <summary>One message of a conversation.</summary>
/// <param name="Role"><see cref="UserRole"/>, <see cref="AssistantRole"/> or <see cref="SystemRole"/>.</param>
/// <param name="Content">What was said.</param>
public sealed record ChatMessage(string Role, string Content)
{
    /// <summary>The role of who asks.</summary>
    public const string UserRole = "user";

    /// <summary>The role of who answers: the model.</summary>
    public const string AssistantRole = "assistant";

    /// <summary>The role of an instruction that stands before the conversation.</summary>
    public const string SystemRole = "system";

    /// <summary>Whether the model learns to say this message, where it is an assistant's.</summary>
    /// <value>Default: true.</value>
    public bool Train { get; init; } = true;

    /// <summary>The thoughts before an assistant's answer, for families that write them; null if there are none.</summary>
    public string? Reasoning { get; init; }

    /// <summary>A message of the user.</summary>
    public static ChatMessage User(string content) => new(UserRole, content);

    /// <summary>A message of the assistant.</summary>
    public static ChatMessage Assistant(string content) => new(AssistantRole, content);

    /// <summary>A system message.</summary>
    public static ChatMessage System(string content) => new(SystemRole, content);
}
