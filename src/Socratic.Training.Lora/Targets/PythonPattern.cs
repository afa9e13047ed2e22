using System.Text.RegularExpressions;

namespace Socratic.Training.Lora.Targets;

/// <summary>
/// Regular expressions written for Python's <c>re</c>, which PEFT applies to module paths. They come from files of strangers, so each match has a time limit.
/// </summary>
internal static class PythonPattern
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);
    private static readonly Regex Differences = new(@"\\.|\(\?P<|\(\?P=(?<name>\w+)\)", RegexOptions.CultureInvariant | RegexOptions.Singleline);

    /// <summary>True if <paramref name="pattern"/> matches the whole of <paramref name="text"/>, as <c>re.fullmatch</c>.</summary>
    public static bool MatchesWhole(string pattern, string text) => IsMatch($@"\A(?:{Translate(pattern)})\z", pattern, text);

    /// <summary>True if <paramref name="pattern"/>, alone or after a dot, matches the end of <paramref name="path"/>: <c>(.*\.)?(pattern)$</c> from the start.</summary>
    public static bool MatchesEnd(string pattern, string path) => IsMatch($@"\A(?:.*\.)?(?:{Translate(pattern)})$", pattern, path);

    /// <summary>The first number in <paramref name="path"/> that stands between dots after <paramref name="before"/> (null: after any name), or null.</summary>
    public static int? FirstNumber(string? before, string path)
    {
        // Without a name PEFT asks for something before it, so that a path never begins with the numbered part.
        var text = before is null ? @"\A.*?\.[^.]*\.(?<number>\d+)\." : $@"\A(?:|.*?\.)(?:{Translate(before)})\.(?<number>\d+)\.";
        var match = Guard(before ?? "", path, () => Create(text).Match(path));
        return match.Success && int.TryParse(match.Groups["number"].ValueSpan, out var number) ? number : null;
    }

    /// <summary>True if <paramref name="path"/> lies at or below a module whose path ends in the parts <paramref name="pattern"/>.</summary>
    public static bool MatchesPart(string pattern, string path) => IsMatch($@"\A(?:(?:^|.*\.){Translate(pattern)}(?:$|\..*))", pattern, path);

    /// <summary>What is wrong with the pattern, or null.</summary>
    public static string? Problem(string pattern)
    {
        try
        {
            _ = Create(Translate(pattern));
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }

    private static bool IsMatch(string regex, string pattern, string text) => Guard(pattern, text, () => Create(regex).IsMatch(text));

    private static T Guard<T>(string pattern, string text, Func<T> match)
    {
        try
        {
            return match();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidDataException($"The pattern '{pattern}' takes longer than {Limit.TotalSeconds:0} s on '{text}'; write it without nested repetitions.", e);
        }
    }

    private static Regex Create(string pattern) => new(pattern, RegexOptions.CultureInvariant, Limit);

    /// <summary>Python spells named groups and the end of the text differently; a character after a backslash is left alone.</summary>
    private static string Translate(string pattern) => Differences.Replace(pattern, m => m.Value switch
    {
        "(?P<" => "(?<",
        @"\Z" => @"\z",
        ['(', ..] => $@"\k<{m.Groups["name"].Value}>",
        _ => m.Value,
    });
}
