using System.Text.Json;

namespace Socratic.Training.Tests.Tokenization;

/// <summary>Reads the messages of a golden conversation as they stand, roles unmapped.</summary>
internal static class GoldenMessages
{
    public static IReadOnlyList<ChatMessage> Read(JsonElement messages) => [.. messages.EnumerateArray().Select(Message)];

    private static ChatMessage Message(JsonElement message)
        => new(message.Text("role"), Content(message)!) { Reasoning = message.TextOrNull("reasoning_content") };

    /// <summary>A content is one text. Parts are put together as the only template that takes them, Gemma 3's, does: of a system message the first, else all, trimmed.</summary>
    private static string? Content(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content)) return null;
        if (content.ValueKind != JsonValueKind.Array) return message.TextOrNull("content");
        var parts = content.EnumerateArray().Select(p => p.Text("text")).ToList();
        return message.Text("role") == "system" ? parts[0] : string.Concat(parts.Select(p => p.Trim()));
    }
}
