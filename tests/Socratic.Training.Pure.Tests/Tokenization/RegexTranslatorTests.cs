using Socratic.Training.Tokenization.PreTokenizers;

namespace Socratic.Training.Tests.Tokenization;

public sealed class RegexTranslatorTests
{
    [Theory]
    [InlineData("a++b", "(?>a+)b")]
    [InlineData("[ab]?+", "(?>[ab]?)")]
    [InlineData("(?:a|b)*+", "(?>(?:a|b)*)")]
    [InlineData(@"\p{N}{1,3}+", @"(?:\p{N}{1,3})+")]
    [InlineData("a{,3}", "a{0,3}")]
    [InlineData("a{", @"a\{")]
    [InlineData("(?i:'s)s", "(?i:'[sſ])s")]
    [InlineData("(?i:[sx](?-i:s))", "(?i:[sſx](?-i:s))")]
    [InlineData(@"\p{^L}\P{^N}", @"\P{L}\p{N}")]
    [InlineData(@"\x{3042}", @"\u3042")]
    [InlineData("(?m:.)", "(?s:.)")]
    [InlineData("a+?", "a+?")]
    [InlineData(@"[^\r\n\]]+", @"[^\r\n\]]+")]
    [InlineData("[]a]", "[]a]")]
    public void Rewrites(string pattern, string expected) => Assert.Equal(expected, RegexTranslator.Translate(pattern));

    [Theory]
    [InlineData(@"\p{Han}")]
    [InlineData("[a[b]]")]
    [InlineData("[a&&b]")]
    [InlineData("[[:alpha:]]")]
    [InlineData("(?x)a")]
    [InlineData("(?<name>a)")]
    [InlineData(@"\h")]
    [InlineData(@"\R")]
    [InlineData(@"\G")]
    [InlineData("[😀]")]
    [InlineData("😀")]
    [InlineData(@"\x{1F600}")]
    [InlineData("[a")]
    [InlineData(@"a\")]
    public void RefusesWhatMeansSomethingElse(string pattern) => Assert.Throws<NotSupportedException>(() => RegexTranslator.Translate(pattern));
}
