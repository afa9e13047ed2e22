using Socratic.Training.Data;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Data;

public sealed class TokenCollatorTests
{
    private static readonly TokenRows Rows = new([new TokenRow([5, 6, 7]), new TokenRow([1, 2], [-100, 2]), new TokenRow([3, 4, 5, 6, 7, 8, 9, 10, 11], [-100, -100, 5, 6, -100, 8, 9, 10, 11])], padId: 99);

    [Fact]
    public void PadsOnTheRightToTheMultiple()
    {
        using var batch = Rows.Collate([1, 0]);
        Assert.Equal((2, 8), (batch.Count, batch.Length));
        Assert.Equal([1, 2, 99, 99, 99, 99, 99, 99, 5, 6, 7, 99, 99, 99, 99, 99], batch.InputIds.data<long>().ToArray());
        Assert.Equal([-100, 2, -100, -100, -100, -100, -100, -100, 5, 6, 7, -100, -100, -100, -100, -100], batch.Labels.data<long>().ToArray());
        Assert.Equal([1, 0], batch.RowIndices);
        Assert.Equal(3, batch.TargetCount);
        Assert.Equal([new DocumentSpan(0, 2)], batch.Attention.Documents(0));
        Assert.Equal(5, batch.Attention.TokenCount);
    }

    [Fact]
    public void SlicesCountTheirOwnTargets()
    {
        using var batch = Rows.Collate([0, 1, 2]);
        using var slice = batch.Slice(1, 2);
        Assert.Equal((2, 16, 7L), (slice.Count, slice.Length, slice.TargetCount));
        Assert.Equal([1, 2], slice.RowIndices);
        Assert.Equal(9, batch.TargetCount);
    }

    [Fact]
    public void LeaksNothing()
    {
        using (Rows.Collate([0])) { }
        var before = Tensor.TotalCount;
        for (var i = 0; i < 10; i++)
        {
            using var batch = Rows.Collate([0, 2]);
            using var slice = batch.Slice(0, 1);
            using var copy = slice.To(CPU);
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void RefusesRowsThatAreNone()
    {
        Assert.Throws<DatasetException>(() => new TokenRows([]));
        Assert.Contains("Row 1", Assert.Throws<DatasetException>(() => new TokenRows([new TokenRow([1]), new TokenRow([])])).Message, StringComparison.Ordinal);
        Assert.Contains("labels", Assert.Throws<DatasetException>(() => new TokenRows([new TokenRow([1, 2], [1])])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Rows.Collate([]));
    }

    [Fact]
    public void FingerprintsFollowIdsLabelsAndOrder()
    {
        static string? Of(params TokenRow[] rows) => new TokenRows(rows).Fingerprint;
        Assert.Equal(Of(new TokenRow([1, 2])), Of(new TokenRow([1, 2])));
        Assert.NotEqual(Of(new TokenRow([1, 2])), Of(new TokenRow([1, 2], [-100, 2])));
        Assert.NotEqual(Of(new TokenRow([1]), new TokenRow([2])), Of(new TokenRow([2]), new TokenRow([1])));
        Assert.NotEqual(Of(new TokenRow([1, 2]), new TokenRow([3])), Of(new TokenRow([1]), new TokenRow([2, 3])));
    }
}
