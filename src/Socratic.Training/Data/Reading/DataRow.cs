namespace Socratic.Training.Data.Reading;

/// <summary>A row of a data file: a dialogue, or plain text, or a plain prompt and its completion, or token ids.</summary>
internal sealed record DataRow(string File, int Line, int Row)
{
    /// <summary>The conversation, if it is one.</summary>
    public Dialogue? Dialogue { get; init; }

    /// <summary>How many messages of <see cref="Dialogue"/> are a prompt that is never trained; 0 for an ordinary conversation.</summary>
    public int PromptMessages { get; init; }

    /// <summary>The plain prompt that stands before <see cref="Text"/>; null if there is none.</summary>
    public string? Prompt { get; init; }

    /// <summary>The plain text or completion.</summary>
    public string? Text { get; init; }

    /// <summary>The token ids and labels, if the row was tokenized already.</summary>
    public TokenRow? Tokens { get; init; }

    /// <summary>Which of <see cref="Tokens"/> are learned where not all are; null if the row does not say.</summary>
    public IReadOnlyList<bool>? Mask { get; init; }

    public string KindName => Tokens is not null ? "token ids" : Dialogue is not null ? "a dialogue" : Prompt is not null ? "a plain prompt and completion" : "plain text";

    public string Describe() => Dialogue?.ToString() ?? Prompt + Text;
}
