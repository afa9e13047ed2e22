using System.Globalization;
using System.Text.RegularExpressions;

namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>A regular expression of a tokenizer file, with the reference's meaning and a time limit.</summary>
internal sealed class RegexPattern : ITextPattern
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly string pattern;
    private readonly Regex regex;

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="NotSupportedException">It holds something not supported here.</exception>
    /// <exception cref="ArgumentException">It does not compile.</exception>
    public RegexPattern(string pattern)
    {
        this.pattern = pattern;
        // ^ and $ are line anchors in the reference.
        regex = new Regex(RegexTranslator.Translate(pattern), RegexOptions.Multiline | RegexOptions.CultureInvariant, Limit);
    }

    public IEnumerable<(int Start, int Length)> Matches(string text)
    {
        var (folded, positions) = Fold(text);
        for (var match = Try(() => regex.Match(folded)); match.Success; match = Try(match.NextMatch))
        {
            var (start, end) = positions is null ? (match.Index, match.Index + match.Length) : (positions[match.Index], positions[match.Index + match.Length]);
            yield return (start, end - start);
        }
    }

    private Match Try(Func<Match> match)
    {
        try
        {
            return match();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InvalidOperationException($"The tokenizer's pattern '{pattern}' took more than {Limit.TotalSeconds:0} seconds on a text; it backtracks without end.", e);
        }
    }

    /// <summary>
    /// .NET's expressions see UTF-16, where a letter beyond U+FFFF is no letter. So they match on a copy in which each such character is
    /// one of the same category, and the places are mapped back.
    /// </summary>
    private static (string Folded, int[]? Positions) Fold(string text)
    {
        if (!text.Any(char.IsSurrogate)) return (text, null);
        var folded = new char[text.Length];
        var positions = new int[text.Length + 1];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            positions[count] = i;
            if (char.IsSurrogatePair(text, i)) folded[count++] = StandIn(CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text, i++)));
            else folded[count++] = text[i];
        }
        positions[count] = text.Length;
        return (new string(folded, 0, count), positions);
    }

    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => 'Ж',
        UnicodeCategory.LowercaseLetter => 'ж',
        UnicodeCategory.TitlecaseLetter => 'ǅ',
        UnicodeCategory.ModifierLetter => 'ʰ',
        UnicodeCategory.OtherLetter => 'ª',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u20DD',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => 'ⅷ',
        UnicodeCategory.OtherNumber => '²',
        UnicodeCategory.ConnectorPunctuation => '‿',
        UnicodeCategory.DashPunctuation => '‐',
        UnicodeCategory.OpenPunctuation => '⁅',
        UnicodeCategory.ClosePunctuation => '⁆',
        UnicodeCategory.OtherPunctuation => '‽',
        UnicodeCategory.MathSymbol => '∀',
        UnicodeCategory.CurrencySymbol => '₠',
        UnicodeCategory.ModifierSymbol => '˂',
        UnicodeCategory.Format => '\u2060',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.OtherNotAssigned => '\u0378',
        _ => '☃',
    };
}
