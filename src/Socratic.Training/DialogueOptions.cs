namespace Socratic.Training;

/// <summary>How dialogues become rows of tokens.</summary>
public sealed record DialogueOptions
{
    internal const int DefaultMaxProblems = 20;

    /// <summary>The most tokens a row may have.</summary>
    /// <value>Default: 512.</value>
    public int MaxLength { get; init; } = 512;

    /// <summary>What happens to longer rows.</summary>
    /// <value>Default: <see cref="Overlength.Skip"/>.</value>
    public Overlength Overlength { get; init; } = Overlength.Skip;

    /// <summary>Which tokens the model learns to predict.</summary>
    /// <value>Default: <see cref="LossOn.ModelTurns"/>.</value>
    public LossOn LossOn { get; init; } = LossOn.ModelTurns;

    /// <summary>Batches are padded to a multiple of this many tokens.</summary>
    /// <value>Default: 8.</value>
    public int PadToMultipleOf { get; init; } = 8;

    /// <summary>What happens to a system message where the model's chat format has no place for one.</summary>
    /// <value>Default: <see cref="SystemMessageHandling.Error"/>.</value>
    public SystemMessageHandling SystemMessage { get; init; } = SystemMessageHandling.Error;

    /// <summary>How many problems of a file an error lists.</summary>
    /// <value>Default: 20.</value>
    public int MaxProblems { get; init; } = DefaultMaxProblems;

    /// <summary>What is wrong with the options; empty if nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (MaxLength < 2) problems.Add($"MaxLength must be at least 2, but is {MaxLength}.");
        if (PadToMultipleOf < 1) problems.Add($"PadToMultipleOf must be at least 1, but is {PadToMultipleOf}.");
        if (MaxProblems < 1) problems.Add($"MaxProblems must be at least 1, but is {MaxProblems}.");
        if (!Enum.IsDefined(Overlength)) problems.Add($"Overlength has no value {(int)Overlength}.");
        if (!Enum.IsDefined(LossOn)) problems.Add($"LossOn has no value {(int)LossOn}.");
        if (!Enum.IsDefined(SystemMessage)) problems.Add($"SystemMessage has no value {(int)SystemMessage}.");
        return problems;
    }
}

/// <summary>What happens to rows longer than <see cref="DialogueOptions.MaxLength"/>. All are counted.</summary>
public enum Overlength
{
    /// <summary>They are left out.</summary>
    Skip,

    /// <summary>They end with the last answer that fits; left out if none does.</summary>
    CutAtTurn,

    /// <summary>They are cut off after the last token that fits.</summary>
    Cut,

    /// <summary>They are an error.</summary>
    Error,
}

/// <summary>Which tokens the model learns to predict. Messages marked <c>"train": false</c> are never learned.</summary>
public enum LossOn
{
    /// <summary>The assistant's words, the end of its turns and what the template counts to them.</summary>
    ModelTurns,

    /// <summary>The same, of the last turn only.</summary>
    LastModelTurn,

    /// <summary>Every token.</summary>
    AllTokens,
}

/// <summary>What happens to a system message where the chat format has no place for one.</summary>
public enum SystemMessageHandling
{
    /// <summary>It is an error.</summary>
    Error,

    /// <summary>It is put before the first user message, with an empty line between.</summary>
    FoldIntoFirstUser,
}
