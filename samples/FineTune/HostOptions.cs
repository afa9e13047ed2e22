namespace FineTune;

/// <summary>What this program chooses beside the library's options: its section <c>fine_tune</c> of training_config.json.</summary>
internal sealed record HostOptions
{
    internal const string Section = "fine_tune";

    /// <summary>The file of dialogues.</summary>
    public string? Data { get; init; }

    /// <summary>The model's id on a hub, for the adapter's files; null leaves the folder there.</summary>
    public string? ModelId { get; init; }

    /// <summary>The share of dialogues that trains.</summary>
    public double TrainShare { get; init; } = 0.8;

    /// <summary>Seeds which dialogues those are.</summary>
    public long SplitSeed { get; init; } = 42;

    /// <summary>cpu, cuda, or auto: a GPU where there is one.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Asked before and after; empty for the first held-out ones.</summary>
    public string[] Questions { get; init; } = [];

    internal IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Data)) yield return "Data is missing: give --data <dialogues.json>.";
        if (TrainShare is not (> 0 and < 1)) yield return FormattableString.Invariant($"TrainShare is {TrainShare}: it must lie between 0 and 1.");
        if (Device is not ("cpu" or "cuda" or "auto")) yield return $"Device is {Device}: it must be cpu, cuda or auto.";
    }
}
