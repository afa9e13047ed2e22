namespace Socratic.Training;

/// <summary>A row of a data file token by token: what is trained, and what of it is cut or left out. See <see cref="DialogueDataset.Inspect"/>.</summary>
public sealed record RowInspection
{
    /// <summary>The data file.</summary>
    public required string File { get; init; }

    /// <summary>Its line, from 1; in a JSON array over many lines the line where the row begins.</summary>
    public required int Line { get; init; }

    /// <summary>The row, from 0.</summary>
    public required int Row { get; init; }

    /// <summary>Every token, those that are cut among them.</summary>
    public required IReadOnlyList<InspectedToken> Tokens { get; init; }

    /// <summary>Why the row is cut, left out or odd; empty if it is used as it stands.</summary>
    public IReadOnlyList<DataProblem> Notes { get; init; } = [];

    /// <summary>True if the row is part of the dataset.</summary>
    public required bool IsKept { get; init; }
}

/// <summary>A token of a row.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">The text it stands for; its piece in the vocabulary where it is no text by itself, such as a part of a character.</param>
/// <param name="IsTrained">Whether the model learns to predict it.</param>
/// <param name="IsCut">Whether it is cut off, or left out with its row.</param>
public readonly record struct InspectedToken(int Id, string Text, bool IsTrained, bool IsCut);
