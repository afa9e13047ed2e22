namespace Socratic.Training.Data.Chat;

/// <summary>A conversation as a template writes it.</summary>
internal sealed class RenderedChat(IReadOnlyList<ChatSegment> segments, int messageCount)
{
    public IReadOnlyList<ChatSegment> Segments { get; } = segments;

    public int MessageCount { get; } = messageCount;

    /// <summary>The whole text.</summary>
    public string Text { get; } = string.Concat(segments.Select(s => s.Text));
}
