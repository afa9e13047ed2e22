namespace Socratic.Training.Data.Chat;

/// <summary>A part of a rendered conversation.</summary>
/// <param name="Text">The text, or the piece of a control token.</param>
/// <param name="IsControl">True for one control token of the template; false for text, which is encoded without control tokens.</param>
/// <param name="Learned">True where a model that is trained on this conversation learns to say it.</param>
/// <param name="Message">The message it belongs to, or -1.</param>
internal readonly record struct ChatSegment(string Text, bool IsControl, bool Learned, int Message);
