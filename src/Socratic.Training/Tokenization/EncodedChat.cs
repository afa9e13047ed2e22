namespace Socratic.Training.Tokenization;

/// <summary>A conversation as token ids.</summary>
internal sealed class EncodedChat(int[] ids, int[] learnedFor, int[] turnEnds)
{
    public int[] Ids { get; } = ids;

    /// <summary>For each token the message that a model learns to say with it, or -1.</summary>
    public int[] LearnedFor { get; } = learnedFor;

    /// <summary>For each message the number of tokens up to its end.</summary>
    public int[] TurnEnds { get; } = turnEnds;
}
