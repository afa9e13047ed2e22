using System.Globalization;
using System.Text;

namespace Socratic.Training.Tokenization.PreTokenizers;

/// <summary>
/// Rewrites a regular expression of a tokenizer file (Oniguruma's dialect) for .NET. What means something else there and is not rewritten is refused by name.
/// </summary>
internal sealed class RegexTranslator
{
    private static readonly string[] Openings = ["(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"];

    private readonly string pattern;
    private readonly StringBuilder output = new();
    private readonly Stack<bool> ignoreCase = new([false]);
    private int at;
    private int atomStart;

    private RegexTranslator(string pattern) => this.pattern = pattern;

    /// <summary>The pattern for .NET.</summary>
    /// <exception cref="NotSupportedException">A construct has no counterpart; the message names it.</exception>
    public static string Translate(string pattern) => new RegexTranslator(pattern).Run();

    private string Run()
    {
        var groups = new Stack<int>();
        while (at < pattern.Length)
        {
            var c = pattern[at];
            switch (c)
            {
                case '(':
                    groups.Push(output.Length);
                    Group();
                    break;
                case ')':
                    output.Append(c);
                    at++;
                    if (groups.TryPop(out atomStart)) ignoreCase.Pop();
                    break;
                case '[':
                    atomStart = output.Length;
                    CharacterClass();
                    break;
                case '\\':
                    atomStart = output.Length;
                    Escape(inClass: false);
                    break;
                case '?' or '*' or '+' or '{':
                    Quantifier();
                    break;
                default:
                    atomStart = output.Length;
                    Literal(c);
                    break;
            }
        }
        return output.ToString();
    }

    private void Group()
    {
        var ignore = ignoreCase.Peek();
        if (!Next("(?"))
        {
            output.Append('(');
            at++;
        }
        else if (at + 2 < pattern.Length && (char.IsAsciiLetterLower(pattern[at + 2]) || pattern[at + 2] == '-'))
        {
            var end = pattern.IndexOfAny([':', ')'], at);
            var flags = end < 0 ? "" : pattern[(at + 2)..end];
            if (flags is not ("i" or "-i" or "m") || pattern[end] == ')') throw Unsupported($"the flags (?{flags}{(end < 0 ? "" : pattern[end])}");
            if (flags != "m") ignore = flags == "i";
            // Oniguruma's m lets the dot match line breaks.
            output.Append("(?").Append(flags == "m" ? "s" : flags).Append(':');
            at = end + 1;
        }
        else
        {
            var opening = Openings.FirstOrDefault(Next) ?? throw Unsupported($"the group {pattern.AsSpan(at, Math.Min(4, pattern.Length - at))}");
            output.Append(opening);
            at += opening.Length;
        }
        ignoreCase.Push(ignore);
    }

    private void Quantifier()
    {
        if (pattern[at] == '{')
        {
            var end = pattern.IndexOf('}', at);
            if (end < 0 || pattern[(at + 1)..end].Any(c => !char.IsAsciiDigit(c) && c != ',') || end == at + 1)
            {
                output.Append("\\{");
                at++;
                return;
            }
            var counted = pattern[at..(end + 1)];
            at = end + 1;
            output.Append(counted.StartsWith("{,", StringComparison.Ordinal) ? "{0" + counted[1..] : counted);
            // Not possessive in this dialect, but the repetition of a repetition.
            if (at < pattern.Length && pattern[at] == '+')
            {
                Wrap("(?:");
                output.Append('+');
                at++;
            }
            return;
        }
        output.Append(pattern[at++]);
        if (at < pattern.Length && pattern[at] == '+')
        {
            Wrap("(?>");
            at++;
        }
        else if (at < pattern.Length && pattern[at] == '?') output.Append(pattern[at++]);
    }

    private void Wrap(string opening)
    {
        output.Insert(atomStart, opening);
        output.Append(')');
    }

    private void CharacterClass()
    {
        output.Append(pattern[at++]);
        if (at < pattern.Length && pattern[at] == '^') output.Append(pattern[at++]);
        for (var first = true; at < pattern.Length && (first || pattern[at] != ']'); first = false)
        {
            if (pattern[at] == '[') throw Unsupported("a class within a class");
            if (Next("&&")) throw Unsupported("the intersection &&");
            if (pattern[at] == '\\') Escape(inClass: true);
            else
            {
                if (char.IsSurrogate(pattern[at])) throw Unsupported("a character beyond U+FFFF");
                output.Append(pattern[at]);
                if (IsLongS(pattern[at])) output.Append('ſ');
                at++;
            }
        }
        if (at == pattern.Length) throw Unsupported("a class without its end");
        output.Append(pattern[at++]);
    }

    private void Escape(bool inClass)
    {
        if (at + 1 == pattern.Length) throw Unsupported("a backslash at the end");
        var c = pattern[at + 1];
        if (c == 'x' && at + 2 < pattern.Length && pattern[at + 2] == '{')
        {
            var end = pattern.IndexOf('}', at);
            if (end < 0 || !int.TryParse(pattern.AsSpan(at + 3, end - at - 3), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code > char.MaxValue) throw Unsupported("a character beyond U+FFFF, or a broken \\x{...}");
            output.Append(CultureInfo.InvariantCulture, $"\\u{code:X4}");
            at = end + 1;
            return;
        }
        if (c is 'p' or 'P')
        {
            Property(c);
            return;
        }
        if (char.IsAsciiLetterOrDigit(c) && !"pPsSdDnrtfvaebBAZzuxw".Contains(c)) throw Unsupported($"\\{c}");
        // .NET's \w lacks enclosing marks and letter numbers.
        if (c == 'w') output.Append(inClass ? @"\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}" : @"[\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}]");
        else output.Append(pattern, at, 2);
        at += 2;
    }

    private void Property(char c)
    {
        var end = pattern.IndexOf('}', at);
        if (end < 0 || at + 2 == pattern.Length || pattern[at + 2] != '{') throw Unsupported($"\\{c} without braces");
        var name = pattern[(at + 3)..end];
        if (name.StartsWith('^')) (c, name) = (c == 'p' ? 'P' : 'p', name[1..]);
        // .NET knows the general categories; script names it would refuse or take for blocks.
        if (name.Length > 2) throw Unsupported($"\\{c}{{{name}}}");
        output.Append('\\').Append(c).Append('{').Append(name).Append('}');
        at = end + 1;
    }

    private void Literal(char c)
    {
        if (char.IsSurrogate(c)) throw Unsupported("a character beyond U+FFFF");
        if (IsLongS(c)) output.Append("[sſ]");
        else output.Append(c);
        at++;
    }

    // The reference folds the long s to s; .NET does not.
    private bool IsLongS(char c) => c is 's' or 'S' && ignoreCase.Peek();

    private bool Next(string text) => string.CompareOrdinal(pattern, at, text, 0, text.Length) == 0;

    private static NotSupportedException Unsupported(string what) => new($"{what} is not supported");
}
