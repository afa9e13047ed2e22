using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Data.Sampling;

namespace Socratic.Training.Pure.Tests.Data.Sampling;

public sealed class GoldenSamplerTests
{
    [Theory(SkipTestWithoutData = true), GoldenCases("trainer", "samplers")]
    [Trait("Kind", "Golden")]
    public void Samplers_give_the_references_orders(GoldenEntry entry) => GoldenReport.Run("trainer", entry.Name, () =>
    {
        foreach (var file in entry.Json.GetProperty("files").EnumerateArray())
        {
            var data = GoldenRoot.Json(GoldenRoot.File("trainer", entry["folder"], file.GetString()!));
            foreach (var generator in data.GetProperty("mt19937").EnumerateArray()) CheckGenerator(generator);
            foreach (var order in data.GetProperty("random").EnumerateArray())
                Assert.Equal(Integers(order, "order"), new RandomSampler(Long(order, "seed")).Order(Integer(order, "epoch"), Integer(order, "n")));
            CheckDataSeed(data.GetProperty("data_seed"));
            CheckBatches(data.GetProperty("batches"));
            foreach (var resume in data.GetProperty("resume").EnumerateArray()) CheckResume(resume);
            CheckNotSeedable(data.GetProperty("not_seedable"));
            foreach (var grouped in data.GetProperty("group_by_length").EnumerateArray()) CheckGrouped(grouped);
            CheckGroupedEvaluation(data.GetProperty("group_by_length_eval"));
        }
    });

    private static void CheckGenerator(JsonElement data)
    {
        var (words, numbers) = (new MersenneTwister(Long(data, "seed")), new MersenneTwister(Long(data, "seed")));
        foreach (var word in data.GetProperty("first_32_bit_outputs").EnumerateArray()) Assert.Equal(word.GetUInt32(), words.NextUInt32());
        foreach (var number in data.GetProperty("first_int64_random").EnumerateArray()) Assert.Equal(number.GetInt64(), numbers.NextInt63());
    }

    private static void CheckDataSeed(JsonElement data)
    {
        var sampler = new RandomSampler(Long(data, "data_seed"));
        foreach (var (epoch, order) in data.GetProperty("orders_by_epoch").EnumerateArray().Index()) Assert.Equal(Integers(order), sampler.Order(epoch, Integer(data, "n")));
    }

    private static void CheckBatches(JsonElement data)
    {
        var sampler = new RandomSampler(Long(data, "seed"));
        foreach (var (name, dropLast) in new[] { ("batches_by_epoch", false), ("batches_by_epoch_drop_last", true) })
        {
            foreach (var (epoch, batches) in data.GetProperty(name).EnumerateArray().Index())
                Assert.Equal(Batches(batches), new BatchOrder(sampler.Order(epoch, Integer(data, "n")), Integer(data, "batch_size"), dropLast));
        }
    }

    private static void CheckResume(JsonElement data)
    {
        var order = new BatchOrder(new RandomSampler(Long(data, "seed")).Order(Integer(data, "epoch"), Integer(data, "n")), Integer(data, "batch_size"));
        var (skipped, expected) = (Integer(data, "skipped_batches"), Batches(data.GetProperty("batches")));
        Assert.Equal(expected, Enumerable.Range(skipped, order.Count - skipped).Select(i => order[i]));
    }

    // The global generator gives an int64 to each new loader iterator, then the sampler's own seed.
    private static void CheckNotSeedable(JsonElement data)
    {
        var generator = new MersenneTwister(Long(data, "seed"));
        foreach (var order in data.GetProperty("orders_by_epoch").EnumerateArray())
        {
            generator.NextInt63();
            Assert.Equal(Integers(order), new MersenneTwister(generator.NextInt63()).Permutation(Integer(data, "n")));
        }
    }

    private static void CheckGrouped(JsonElement data)
    {
        var (generator, lengths) = (new MersenneTwister(Long(data, "seed")), Integers(data, "lengths"));
        var sampler = new LengthGroupedSampler(i => lengths[i], Integer(data, "group_size"), (_, count) =>
        {
            generator.NextInt63();
            return generator.Permutation(count);
        });
        foreach (var (epoch, order) in data.GetProperty("orders_by_epoch").EnumerateArray().Index()) Assert.Equal(Integers(order), sampler.Order(epoch, lengths.Length));
    }

    private static void CheckGroupedEvaluation(JsonElement data)
    {
        var lengths = Integers(data, "lengths");
        Assert.Equal(Integers(data, "order"), new LengthGroupedSampler(i => lengths[i], Integer(data, "group_size"), Long(data, "seed")).Order(0, lengths.Length));
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    private static int[] Integers(JsonElement data, string name) => Integers(data.GetProperty(name));

    private static int[][] Batches(JsonElement data) => [.. data.EnumerateArray().Select(Integers)];

    private static int Integer(JsonElement data, string name) => data.GetProperty(name).GetInt32();

    private static long Long(JsonElement data, string name) => data.GetProperty(name).GetInt64();
}
