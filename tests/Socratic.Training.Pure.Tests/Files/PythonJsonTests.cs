using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Socratic.Training.Files;

namespace Socratic.Training.Pure.Tests.Files;

public sealed class PythonJsonTests
{
    // Each text is what Python's repr gives for the value.
    [Theory]
    [InlineData(0.0, "0.0")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(3.0, "3.0")]
    [InlineData(-12.5, "-12.5")]
    [InlineData(0.1, "0.1")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00012345, "0.00012345")]
    [InlineData(1e-05, "1e-05")]
    [InlineData(8.123e-05, "8.123e-05")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1234567890123456.0, "1234567890123456.0")]
    [InlineData(9007199254740993.0, "9007199254740992.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1.2345678901234568e+17, "1.2345678901234568e+17")]
    [InlineData(1e22, "1e+22")]
    [InlineData(1e23, "1e+23")]
    [InlineData(1e100, "1e+100")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(188054016.0, "188054016.0")]
    [InlineData(0.30000000000000004, "0.30000000000000004")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void Doubles_are_written_as_Python_writes_them(double value, string text) => Assert.Equal(text, PythonJson.Number(value));

    [Fact]
    public void Every_double_comes_back_to_the_last_bit()
        => Gen.Double.Sample(value =>
        {
            var read = PythonJson.Parse(PythonJson.Write(new JsonArray(value)))![0]!.GetValue<double>();
            return value.Equals(read) && (value != 0 || double.IsNegative(value) == double.IsNegative(read));
        });

    [Fact]
    public void A_document_is_laid_out_as_by_dumps_with_indent_2_and_sorted_keys()
    {
        var node = new JsonObject { ["b"] = new JsonArray(1, 2.0, null, true), ["a"] = new JsonObject(), ["é\u007f\n"] = "日本 \"x\" \\ \ud83d\ude00", ["c"] = new JsonArray() };
        Assert.Equal("""
            {
              "a": {},
              "b": [
                1,
                2.0,
                null,
                true
              ],
              "c": [],
              "\u00e9\u007f\n": "\u65e5\u672c \"x\" \\ \ud83d\ude00"
            }
            """.ReplaceLineEndings("\n"), PythonJson.Write(node));
    }

    [Fact]
    public void Keys_are_sorted_by_code_point()
        => Assert.Equal("{\n  \"\\uff5e\": 1,\n  \"\\ud83d\\ude00\": 2\n}", PythonJson.Write(new JsonObject { ["\ud83d\ude00"] = 2, ["\uff5e"] = 1 }));

    [Fact]
    public void What_was_read_is_written_again_unchanged()
    {
        const string Text = "{\n  \"a\": 3.0,\n  \"b\": 3,\n  \"c\": [\n    NaN,\n    -Infinity,\n    Infinity\n  ],\n  \"d\": \"NaN \\\"Infinity\",\n  \"e\": 1e-05,\n  \"f\": 9223372036854775807\n}";
        Assert.Equal(Text, PythonJson.Write(PythonJson.Parse(Text)));
        Assert.Equal(Text, PythonJson.Write(PythonJson.Parse(Text)!.DeepClone()));
    }

    [Theory]
    [InlineData("NaN", double.NaN)]
    [InlineData(" -Infinity ", double.NegativeInfinity)]
    public void A_bare_word_is_a_number(string text, double value) => Assert.Equal(value, PythonJson.Parse(text)!.GetValue<double>());

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":NaNa}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("")]
    public void What_Python_would_refuse_or_silently_merge_is_refused(string text) => Assert.ThrowsAny<JsonException>(() => PythonJson.Parse(text));
}
