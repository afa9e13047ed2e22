using System.Diagnostics;
using CsCheck;
using Socratic.Training.Data.Sampling;

namespace Socratic.Training.Pure.Tests.Data.Sampling;

public sealed class SamplerTests
{
    private static readonly Gen<int[]> Lengths = Gen.Int[0, 600].Array[0, 700];

    [Fact]
    public void Every_sampler_visits_each_row_once() => Gen.Select(Lengths, Gen.Int[1, 40], Gen.Int[0, 9]).Sample((lengths, group, epoch) =>
    {
        foreach (var sampler in new ISampler[] { new SequentialSampler(), new RandomSampler(group), new LengthGroupedSampler(i => lengths[i], group, 3) })
        {
            var order = sampler.Order(epoch, lengths.Length);
            Assert.Equal(Enumerable.Range(0, lengths.Length), order.Order());
            Assert.Equal(order, sampler.Order(epoch, lengths.Length));
        }
    });

    [Fact]
    public void Grouping_puts_a_longest_row_first() => Lengths.Where(l => l.Length > 0).Sample(lengths
        => Assert.Equal(lengths.Max(), lengths[new LengthGroupedSampler(i => lengths[i], 4, 1).Order(0, lengths.Length)[0]]));

    [Fact]
    public void Grouping_saves_padding()
    {
        var lengths = new MersenneTwister(1).Permutation(4000);
        Assert.True(Padding(new LengthGroupedSampler(i => lengths[i], 8, 1)) < 0.1 * Padding(new RandomSampler(1)));

        long Padding(ISampler sampler) => new BatchOrder(sampler.Order(0, lengths.Length), 8).Sum(b => b.Max(i => (long)lengths[i]) * b.Count - b.Sum(i => (long)lengths[i]));
    }

    [Fact]
    public void A_seed_counts_modulo_two_to_the_32() => Assert.Equal(new RandomSampler(42).Order(0, 50), new RandomSampler(42 + (1L << 32)).Order(0, 50));

    [Fact]
    public void Batches_can_be_indexed_and_cover_the_rows() => Gen.Select(Gen.Int[0, 60], Gen.Int[1, 9], Gen.Bool).Sample((rows, size, dropLast) =>
    {
        var batches = new BatchOrder(new SequentialSampler().Order(0, rows), size, dropLast);
        Assert.Equal(dropLast ? rows / size : (rows + size - 1) / size, batches.Count);
        Assert.Equal(Enumerable.Range(0, dropLast ? rows / size * size : rows), batches.SelectMany(b => b));
        Assert.Throws<ArgumentOutOfRangeException>(() => batches[batches.Count]);
    });

    [Fact]
    public void A_position_is_whole_epochs_and_whole_windows()
    {
        Assert.Equal(new SamplerPosition(0, 0), SamplerPosition.After(0, 7, 4));
        Assert.Equal(new SamplerPosition(2, 12), SamplerPosition.After(17, 7, 4));
    }

    // An optimized build on an idle machine takes 10 ms for a permutation and a tenth of a second for grouping; the limits allow for a debug build on a machine with other work.
    [Fact]
    public void A_million_rows_take_no_time()
    {
        var lengths = new RandomSampler(7).Order(0, 1_000_000);
        foreach (var sampler in new ISampler[] { new RandomSampler(1), new SequentialSampler(), new LengthGroupedSampler(i => lengths[i] % 512, 16, 1) })
        {
            var watch = Stopwatch.StartNew();
            sampler.Order(0, lengths.Length);
            Assert.True(watch.Elapsed.TotalSeconds < 5, $"{sampler.GetType().Name}: {watch.Elapsed}");
        }
    }
}
