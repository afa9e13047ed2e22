namespace Socratic.Training;

/// <summary>What became of a file's rows.</summary>
public sealed record DatasetReport
{
    /// <summary>The rows that were read.</summary>
    public required int Read { get; init; }

    /// <summary>The rows that are left.</summary>
    public required int Kept { get; init; }

    /// <summary>Rows that were left out because they are too long.</summary>
    public IReadOnlyList<DataProblem> Skipped { get; init; } = [];

    /// <summary>Rows that were cut to the allowed length.</summary>
    public IReadOnlyList<DataProblem> Cut { get; init; } = [];

    /// <summary>Rows that were left out because no token of them would be trained.</summary>
    public IReadOnlyList<DataProblem> Untrained { get; init; } = [];

    /// <summary>Rows that are kept but look odd: content that already holds marks of the chat template.</summary>
    public IReadOnlyList<DataProblem> Warnings { get; init; } = [];

    /// <summary>The counts, as one line.</summary>
    public override string ToString() => $"{Read} rows read, {Kept} kept, {Skipped.Count} skipped (too long), {Cut.Count} cut, {Untrained.Count} without a trained token, {Warnings.Count} warnings";
}
