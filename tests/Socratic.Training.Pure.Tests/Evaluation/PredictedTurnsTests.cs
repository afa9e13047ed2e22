using Socratic.Training.Data;
using Socratic.Training.Evaluation;

namespace Socratic.Training.Pure.Tests.Evaluation;

public sealed class PredictedTurnsTests
{
    [Fact]
    public void Each_run_of_predictions_is_a_turn()
        => Assert.Equal([[5, 6], [7]], PredictedTurns.Of([-100, 5, 6, -100, -100, 7, -100], [new DocumentSpan(0, 7)]));

    [Fact]
    public void A_turn_does_not_reach_into_the_next_document()
        => Assert.Equal([[1, 2], [4, 5]], PredictedTurns.Of([1, 2, 3, 4, 5, -100], [new DocumentSpan(0, 3), new DocumentSpan(3, 3)]));

    [Fact]
    public void A_row_without_targets_has_no_turns() => Assert.Empty(PredictedTurns.Of([-100, -100], []));
}
