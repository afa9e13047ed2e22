using System.Text;
using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Tokenization;
using Socratic.Training.Tokenization.Normalizers;
using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tests.Tokenization;

[Trait("Kind", "Golden")]
public sealed class GoldenSplitTests
{
    [Fact]
    public void Splits() => GoldenReport.Run(GoldenTokenizers.Area, "pretokenize", () =>
    {
        var golden = GoldenTokenizers.FileOrSkip("pretokenize.json");
        var patterns = golden.GetProperty("patterns").EnumerateObject().ToDictionary(p => p.Name, p => new RegexPattern(p.Value.GetString()!));
        foreach (var entry in golden.GetProperty("regex").EnumerateArray()) Check(entry, patterns[entry.Text("pattern")], SplitBehavior.Isolated, false);
        foreach (var entry in golden.GetProperty("split").EnumerateArray())
        {
            ITextPattern pattern = entry.Text("pattern_type") == "String" ? new LiteralPattern(entry.Text("pattern")) : new RegexPattern(entry.Text("pattern"));
            Check(entry, pattern, Enum.Parse<SplitBehavior>(entry.Text("behavior").Replace("_", "", StringComparison.Ordinal), ignoreCase: true), entry.GetProperty("invert").GetBoolean());
        }
    });

    [Fact]
    public void KnowsUnicode() => GoldenReport.Run(GoldenTokenizers.Area, "unicode", () =>
    {
        var golden = GoldenTokenizers.FileOrSkip("unicode.json");
        CheckClass(golden.GetProperty("letters"), Matching(@"\p{L}"));
        CheckClass(golden.GetProperty("numbers"), Matching(@"\p{N}"));
        CheckClass(golden.GetProperty("white_space"), Matching(@"\s"));
        foreach (var letters in golden.GetProperty("fold").EnumerateObject())
        {
            // A name such as 's is its letter; what is given is what matches each case-insensitively.
            var letter = letters.Name.Trim('\'');
            Assert.Equal(letters.Value.EnumerateArray().Select(c => c.GetInt32()).Order(), Matching($"(?i:{letter})"));
        }
        CheckClass(golden.GetProperty("jinja_trim"), [.. CodePoints().Where(c => ChatTemplate.Trim(char.ConvertFromUtf32(c)).Length == 0)]);
        var nfc = new UnicodeNormalizer(NormalizationForm.FormC);
        foreach (var row in golden.GetProperty("nfc").EnumerateArray())
        {
            Assert.Equal(Hex(row[2]), Normalize(nfc, Hex(row[0])));
            Assert.Equal(Hex(row[2]), Normalize(nfc, Hex(row[1])));
        }
        foreach (var row in golden.GetProperty("nfc_sequences").EnumerateArray()) Assert.Equal(Hex(row[1]), Normalize(nfc, Hex(row[0])));
    });

    private static void Check(JsonElement entry, ITextPattern pattern, SplitBehavior behavior, bool invert)
    {
        var pieces = new SplitPreTokenizer(pattern, behavior, invert).Split(new AlignedText(entry.Text("text"), 0)).Select(p => p.Text);
        Assert.True(entry.GetProperty("pieces").EnumerateArray().Select(p => p.GetString()).SequenceEqual(pieces), $"{entry.GetRawText()}: got {JsonSerializer.Serialize(pieces)}");
    }

    private static void CheckClass(JsonElement ranges, IReadOnlyList<int> actual)
        => Assert.Equal(ranges.EnumerateArray().SelectMany(r => Enumerable.Range(r[0].GetInt32(), r[1].GetInt32() - r[0].GetInt32() + 1)), actual);

    private static List<int> Matching(string pattern)
    {
        var regex = new RegexPattern(pattern);
        return [.. CodePoints().Where(c => regex.Matches(char.ConvertFromUtf32(c)).Any())];
    }

    private static IEnumerable<int> CodePoints() => Enumerable.Range(0, 0x110000).Where(c => c is < 0xD800 or > 0xDFFF);

    private static string Hex(JsonElement codes) => string.Concat(codes.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => char.ConvertFromUtf32(Convert.ToInt32(c, 16))));

    private static string Normalize(UnicodeNormalizer normalizer, string text) => normalizer.Normalize(new AlignedText(text, 0)).Text;
}
