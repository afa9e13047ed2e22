using System.Text.RegularExpressions;
using Socratic.Testing;

namespace Socratic.Training.Tests;

/// <summary>What the pages say stays true: their C# compiles, their links lead somewhere, both languages show the same code.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Root = RepositoryRoot.Path;

    public static TheoryData<string> Pages =>
        ["README.md", "README.ja.md", "CONTRIBUTING.md", "CHANGELOG.md", "THIRD-PARTY-NOTICES.md", "src/Socratic.Training/README.md", "src/Socratic.Training.Lora/README.md", "src/Socratic.Training.Quantization/README.md"];

    [Theory]
    [InlineData("README.md")]
    [InlineData("README.ja.md")]
    [InlineData("src/Socratic.Training/README.md")]
    [InlineData("src/Socratic.Training.Lora/README.md")]
    [InlineData("src/Socratic.Training.Quantization/README.md")]
    public void TheCodeOfAPageIsCompiled(string page)
    {
        var files = Directory.GetFiles(Path.Combine(Root, "tests/Socratic.Training.Tests/Readme"), "*.cs").Select(f => Normalized(File.ReadAllText(f))).ToArray();
        var blocks = Blocks(page, "csharp");
        Assert.NotEmpty(blocks);
        foreach (var block in blocks) Assert.True(files.Any(f => Shows(block, f)), $"{page} shows code that no file in Readme/ holds:\n{block}");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void TheLinksOfAPageLeadSomewhere(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, page))!;
        foreach (Match link in Link().Matches(Read(page)))
        {
            var target = link.Groups[1].Value;
            if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith('#')) continue;
            Assert.True(Path.Exists(Path.Combine(folder, target)), $"{page} links to {target}");
        }
    }

    [Theory]
    [InlineData("csharp")]
    [InlineData("sh")]
    [InlineData("json")]
    [InlineData("xml")]
    [InlineData("")]
    public void BothLanguagesShowTheSameCode(string language) => Assert.Equal(Blocks("README.md", language), Blocks("README.ja.md", language));

    [Theory]
    [InlineData("dotnet run --project samples/Quickstart")]
    [InlineData("dotnet test Socratic.sln")]
    public void EachOfTheTwoCommandsStandsAlone(string command) => Assert.Contains(command, Blocks("README.md", "sh"));

    private static string Read(string page) => File.ReadAllText(Path.Combine(Root, page));

    private static List<string> Blocks(string page, string language)
        => [.. Fence().Matches(Read(page)).Where(m => m.Groups[1].Value == language).Select(m => m.Groups[2].Value.Trim())];

    /// <summary>Each paragraph stands in the file; a block that has usings has those of the file, which the compiler finds needed and enough.</summary>
    private static bool Shows(string block, string file)
        => BlankLine().Split(block).All(p => file.Contains(Normalized(p), StringComparison.Ordinal)) && (Usings(block).Length == 0 || Usings(block).SequenceEqual(Usings(file)));

    private static string[] Usings(string code) => [.. Using().Matches(code).Select(m => m.Value)];

    /// <summary>Without indentation and without the modifiers that a top-level program leaves out.</summary>
    private static string Normalized(string code)
        => string.Join('\n', code.Trim().Split('\n').Select(line => line.Trim()).Select(line => line.StartsWith("internal sealed ", StringComparison.Ordinal) ? line[9..] : line));

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^using [\w. ]+;", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"\n\s*\n")]
    private static partial Regex BlankLine();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
