using Socratic.Testing.Golden;
using Socratic.Training.Data.Packing;

namespace Socratic.Training.Pure.Tests.Data;

[Trait("Kind", "Golden")]
public sealed class GoldenPackingTests
{
    private const string Area = "sft";

    [Theory(SkipTestWithoutData = true), GoldenCases(Area, "packing")]
    public void PacksAsTheReferenceDoes(GoldenEntry entry) => GoldenReport.Run(Area, $"packing/{entry.Name}", () =>
    {
        var golden = GoldenRoot.Json(GoldenRoot.File(Area, entry["folder"], "case.json"));
        var strategy = golden.GetProperty("strategy").GetString() switch
        {
            "bfd" => PackingStrategy.BestFit,
            "bfd_split" => PackingStrategy.BestFitSplit,
            "wrapped" => PackingStrategy.Wrapped,
            var other => throw new InvalidDataException($"No strategy of ours is called '{other}'."),
        };
        var lengths = golden.GetProperty("lengths").EnumerateArray().Select(n => n.GetInt32()).ToArray();
        var packs = Packer.Pack(lengths, golden.GetProperty("seq_length").GetInt32(), strategy);
        var expected = golden.GetProperty("packs").EnumerateArray().Select(pack => string.Join(' ', pack.EnumerateArray().Select(p => $"{p[0].GetInt32()}:{p[1].GetInt32()}+{p[2].GetInt32()}")));
        Assert.Equal(expected, packs.Select(pack => string.Join(' ', pack.Select(p => $"{p.Row}:{p.Start}+{p.Length}"))));
    });
}
