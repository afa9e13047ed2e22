using System.Text.Json;

namespace Socratic.Training.Tests.Tokenization;

/// <summary>Reads the messages of a golden conversation as they stand, roles unmapped.</summary>
internal static class GoldenMessages
{
    public static IReadOnlyList<ChatMessage> Read(JsonElement messages) => [.. messages.EnumerateArray().Select(Message)];

    private static ChatMessage Message(JsonElement message)
        => new(message.Text("role"), message.TextOrNull("content")!) { Reasoning = message.TextOrNull("reasoning_content") };
}
