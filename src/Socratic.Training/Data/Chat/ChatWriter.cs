namespace Socratic.Training.Data.Chat;

/// <summary>Takes what a template writes, part by part.</summary>
internal sealed class ChatWriter
{
    private readonly List<ChatSegment> segments = [];

    public IReadOnlyList<ChatSegment> Segments => segments;

    /// <summary>The message that the next parts belong to, or -1.</summary>
    public int Message { get; set; } = -1;

    /// <summary>Whether the next parts are learned.</summary>
    public bool Learned { get; set; }

    /// <summary>Writes one control token.</summary>
    public ChatWriter Control(string piece)
    {
        segments.Add(new ChatSegment(piece, true, Learned, Message));
        return this;
    }

    /// <summary>Writes text that holds no control token, whatever it looks like.</summary>
    public ChatWriter Text(string text)
    {
        if (text.Length > 0) segments.Add(new ChatSegment(text, false, Learned, Message));
        return this;
    }
}
