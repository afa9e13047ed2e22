namespace Socratic.Training.Tokenization;

/// <summary>A piece that is looked for in the text as a whole, before the model sees it.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    /// <summary>Left out when decoding without special tokens.</summary>
    public bool Special { get; init; }

    /// <summary>Looked for after normalization instead of in the raw text.</summary>
    public bool Normalized { get; init; }

    /// <summary>Matches only where no word character is next to it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Swallows white space before it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Swallows white space after it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>Never made from text that people wrote: special, or unknown to the model's own vocabulary.</summary>
    public bool IsControl { get; init; }
}
