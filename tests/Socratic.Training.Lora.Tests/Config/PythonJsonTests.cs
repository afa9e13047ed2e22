using System.Text.Json.Nodes;
using Socratic.Training.Lora.Config;

namespace Socratic.Training.Lora.Tests.Config;

public sealed class PythonJsonTests
{
    [Theory]
    [InlineData(0, "0.0")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e-5, "1e-05")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(11.313708498984761, "11.313708498984761")]
    [InlineData(-2.5, "-2.5")]
    public void Numbers_are_printed_as_Python_prints_them(double value, string expected) => Assert.Equal(expected, PythonJson.Number(value));

    [Fact]
    public void Keys_are_sorted_by_code_point_and_everything_but_printable_ASCII_is_escaped()
    {
        var json = JsonNode.Parse("""{"\uff5e": 1, "\ud83d\ude00": 2, "a\u007f\n\"\\": [], "b": {}}""");
        Assert.Equal("{\n  \"a\\u007f\\n\\\"\\\\\": [],\n  \"b\": {},\n  \"\\uff5e\": 1,\n  \"\\ud83d\\ude00\": 2\n}", PythonJson.Write(json));
    }
}
