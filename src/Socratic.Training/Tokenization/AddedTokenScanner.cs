using System.Buffers;
using System.Globalization;
using System.Text;

namespace Socratic.Training.Tokenization;

/// <summary>Finds added tokens in a text: leftmost, then longest.</summary>
internal sealed class AddedTokenScanner
{
    private readonly Dictionary<(int Node, char Unit), int> edges = [];
    private readonly List<AddedToken?> ends = [null];
    private readonly SearchValues<char> firstUnits;

    /// <summary>Looks for the given tokens under the given texts.</summary>
    public AddedTokenScanner(IEnumerable<(AddedToken Token, string Text)> tokens)
    {
        var first = new HashSet<char>();
        foreach (var (token, text) in tokens)
        {
            if (text.Length == 0) continue;
            first.Add(text[0]);
            var node = 0;
            foreach (var unit in text)
            {
                if (!edges.TryGetValue((node, unit), out var next))
                {
                    next = ends.Count;
                    edges.Add((node, unit), next);
                    ends.Add(null);
                }
                node = next;
            }
            // Two tokens with one text: the first given wins, as in the reference's automaton.
            ends[node] ??= token;
        }
        firstUnits = SearchValues.Create([.. first]);
    }

    /// <summary>Cuts a text into tokens and what lies between them (no token), in order, without empty parts.</summary>
    public IEnumerable<(AddedToken? Token, int Start, int End)> Scan(string text)
    {
        var done = 0;
        for (var at = 0; at < text.Length;)
        {
            var skip = text.AsSpan(at).IndexOfAny(firstUnits);
            if (skip < 0) break;
            at += skip;
            if (Longest(text, at) is not { } token)
            {
                at++;
                continue;
            }
            var (start, end) = (at, at + LengthOf(text, at));
            at = end;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(end)))) continue;
            if (token.LeftStrip) start = Math.Max(text.AsSpan(0, start).TrimEnd().Length, done);
            if (token.RightStrip) end = text.Length - text.AsSpan(end).TrimStart().Length;
            if (done < start) yield return (null, done, start);
            yield return (token, start, end);
            done = end;
        }
        if (done < text.Length) yield return (null, done, text.Length);
    }

    private AddedToken? Longest(string text, int at)
    {
        AddedToken? found = null;
        for (int node = 0, i = at; i < text.Length && edges.TryGetValue((node, text[i]), out node); i++) found = ends[node] ?? found;
        return found;
    }

    private int LengthOf(string text, int at)
    {
        var length = 0;
        for (int node = 0, i = at; i < text.Length && edges.TryGetValue((node, text[i]), out node); i++)
            if (ends[node] is not null) length = i + 1 - at;
        return length;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) => Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) => Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    // \w of the reference's regex library: Alphabetic, marks, decimal digits, connectors, joiners.
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
            or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.EnclosingMark or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation => true,
        _ => rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9),
    };
}
