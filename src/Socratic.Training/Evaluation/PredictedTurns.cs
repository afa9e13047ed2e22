using Socratic.Training.Data;

namespace Socratic.Training.Evaluation;

/// <summary>Finds the turns a model was asked to say in a row.</summary>
internal static class PredictedTurns
{
    /// <summary>
    /// The runs of predicted ids in a row. Position t predicts position t + 1, so a run is broken where position t + 1 begins another document.
    /// </summary>
    public static List<List<int>> Of(ReadOnlySpan<long> predictions, IReadOnlyList<DocumentSpan> documents)
    {
        var starts = documents.Select(d => d.Start).ToHashSet();
        var turns = new List<List<int>>();
        List<int>? turn = null;
        for (var t = 0; t < predictions.Length; t++)
        {
            if (predictions[t] == TokenBatch.IgnoreLabel || starts.Contains(t + 1))
            {
                turn = null;
                continue;
            }
            if (turn is null) turns.Add(turn = []);
            turn.Add((int)predictions[t]);
        }
        return turns;
    }
}
