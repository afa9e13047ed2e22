namespace Socratic.Training;

/// <summary>How new tokens are chosen. The filters are applied in transformers' order: repetition penalty, temperature, top-k, top-p, min-p.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens a prompt is continued by, the stop id included.</summary>
    /// <value>Default: 256.</value>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>
    /// What logits are divided by before a token is drawn; 0 takes the likeliest token instead (greedy) and leaves top-k, top-p and min-p out.
    /// </summary>
    /// <value>Default: 0.</value>
    public double Temperature { get; init; }

    /// <summary>Only the so many likeliest tokens stay, and those as likely as the last of them; 0 for all.</summary>
    /// <value>Default: 0.</value>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens stay whose probabilities together reach this; 1 for all.</summary>
    /// <value>Default: 1.</value>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens stay that are at least this times as likely as the likeliest; 0 for all.</summary>
    /// <value>Default: 0.</value>
    public double MinP { get; init; }

    /// <summary>What the logits of tokens in prompt and answer are divided by where above 0, and multiplied by where below; 1 for none.</summary>
    /// <value>Default: 1.</value>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>The seed of the draws, which are the generation's own: torch's generator is not touched. Null for another one each time.</summary>
    public int? Seed { get; init; }

    /// <summary>The ids that end an answer; null for the model's (<see cref="ModelConfiguration.StopIds"/>).</summary>
    public IReadOnlyList<int>? StopIds { get; init; }

    /// <summary>The most prompts continued side by side.</summary>
    /// <value>Default: 64.</value>
    public int BatchSize { get; init; } = 64;

    /// <summary>Checks every setting.</summary>
    /// <exception cref="ArgumentException">Settings are out of range; the message lists all of them.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (MaxNewTokens < 1) problems.Add($"MaxNewTokens is {MaxNewTokens}, expected 1 or more");
        if (!(Temperature >= 0) || double.IsInfinity(Temperature)) problems.Add($"Temperature is {Temperature}, expected 0 or more");
        if (TopK < 0) problems.Add($"TopK is {TopK}, expected 0 or more");
        if (!(TopP > 0 && TopP <= 1)) problems.Add($"TopP is {TopP}, expected above 0 and at most 1");
        if (!(MinP >= 0 && MinP <= 1)) problems.Add($"MinP is {MinP}, expected 0 to 1");
        if (!(RepetitionPenalty > 0) || double.IsInfinity(RepetitionPenalty)) problems.Add($"RepetitionPenalty is {RepetitionPenalty}, expected above 0");
        if (BatchSize < 1) problems.Add($"BatchSize is {BatchSize}, expected 1 or more");
        if (problems.Count > 0) throw new ArgumentException($"{string.Join("; ", problems)}.");
    }
}
