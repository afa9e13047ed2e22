namespace Socratic.Training.Data;

/// <summary>A row of a data file as tokens, before anything is cut.</summary>
/// <param name="Ids">The token ids.</param>
/// <param name="Labels">The labels.</param>
/// <param name="AnswerEnds">The lengths at which the row may be cut: after each answer of a dialogue.</param>
internal sealed record EncodedRow(int[] Ids, int[] Labels, IReadOnlyList<int> AnswerEnds);
