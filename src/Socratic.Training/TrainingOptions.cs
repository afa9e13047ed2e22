namespace Socratic.Training;

/// <summary>The options of a run; defaults are those of transformers' TrainingArguments.</summary>
public sealed partial record TrainingOptions
{
    /// <summary>Where everything the run leaves behind lies.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>Which training tokens are counted.</summary>
    public TokenCount CountTokens { get; init; }
}

/// <summary>Which training tokens are counted in <see cref="TrainerState.TokensSeen"/>.</summary>
public enum TokenCount
{
    /// <summary>None.</summary>
    No,

    /// <summary>Every id, padding included.</summary>
    All,

    /// <summary>Ids that are no padding.</summary>
    NonPadding,
}
