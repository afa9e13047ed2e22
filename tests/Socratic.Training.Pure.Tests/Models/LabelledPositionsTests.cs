using Socratic.Training.Data;
using Socratic.Training.Models;

namespace Socratic.Training.Pure.Tests.Models;

public sealed class LabelledPositionsTests
{
    private const long No = TokenBatch.IgnoreLabel;

    [Fact]
    public void Padding_is_left_out_and_places_are_kept()
    {
        var layout = new AttentionLayout(4, [[new(0, 3)], [], [new(1, 3)]]);
        var found = LabelledPositions.Find([No, 5, 6, No, No, No, No, No, No, No, 7, 8], layout, 9, dropsPadding: true);
        Assert.Equal([0, 1, 2, 9, 10, 11], found.Kept!);
        Assert.Equal([0, 1, 3, 4], found.Among);
        Assert.Equal([0, 1, 9, 10], found.Places);
        Assert.Equal([5, 6, 7, 8], found.Targets);
        Assert.Equal(6, found.Layout.Length);
        Assert.Equal([new DocumentSpan(0, 3), new DocumentSpan(3, 3)], found.Layout.Documents(0));
    }

    [Fact]
    public void Rows_stay_as_they_are_where_nothing_is_padding_or_padding_may_not_be_dropped()
    {
        long[] labels = [No, 5, No, 6];
        foreach (var (layout, drops) in new[] { (AttentionLayout.Full(2, 2), true), (AttentionLayout.PaddedRight(2, [2, 1]), false) })
        {
            var found = LabelledPositions.Find(labels, layout, 9, drops);
            Assert.Null(found.Kept);
            Assert.Same(layout, found.Layout);
            Assert.Equal([0, 2], found.Among);
        }
    }

    [Fact]
    public void A_label_predicted_from_padding_still_counts()
    {
        var found = LabelledPositions.Find([No, No, 4], AttentionLayout.PaddedLeft(3, [1]), 9, dropsPadding: true);
        Assert.Null(found.Kept);
        Assert.Equal([1], found.Places);
        Assert.Equal([4], found.Targets);
    }

    [Theory, InlineData(9), InlineData(-1)]
    public void A_label_that_is_no_id_is_refused(long label)
    {
        var error = Assert.Throws<ArgumentException>(() => LabelledPositions.Find([No, label], AttentionLayout.Full(1, 2), 9, true));
        Assert.Contains("row 0, position 1", error.Message, StringComparison.Ordinal);
    }
}
