using System.Text;
using System.Text.RegularExpressions;

namespace Socratic.Training.Quantization.Tests.Kernels.Compiled;

/// <summary>PTX, read as text: what arithmetic it holds and what its entries take. (Machine code would not do: a correct reciprocal is made of FFMA there.)</summary>
internal sealed partial class Ptx
{
    private readonly string text;

    internal Ptx(byte[] bytes)
    {
        text = Encoding.ASCII.GetString(bytes).TrimEnd('\0');
        Entries = EntryPattern().Matches(text).ToDictionary(m => m.Groups["name"].Value, m => new Entry(
            string.Concat(Parameter().Matches(m.Groups["parameters"].Value).Select(p => p.Groups[1].Value switch { "u64" => 'p', "u32" => 'i', "f32" => 'f', _ => '?' })),
            int.Parse(Threads().Match(m.Groups["rest"].Value).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), m.Groups["rest"].Value), StringComparer.Ordinal);
    }

    /// <summary>Kinds of the parameters (a 64-bit integer is indistinct from a pointer), threads of a block, instructions.</summary>
    internal sealed record Entry(string Parameters, int Threads, string Body);

    internal Dictionary<string, Entry> Entries { get; }

    /// <summary>Floating-point instructions that round in a way that nobody asked for.</summary>
    internal IEnumerable<string> Inexact(bool allowsFma) => Instruction().Matches(text).Select(m => m.Value.TrimEnd())
        .Where(i => i.Contains(".ftz", StringComparison.Ordinal) || i.Contains(".approx", StringComparison.Ordinal) || i.Contains(".full", StringComparison.Ordinal)
            || (i.StartsWith("fma", StringComparison.Ordinal) && !(allowsFma && i == "fma.rn.f32"))
            || (Rounded().IsMatch(i) && !i.Contains(".rn", StringComparison.Ordinal)))
        .Distinct();

    [GeneratedRegex(@"\.entry (?<name>\w+)\((?<parameters>[^)]*)\)(?<rest>.*?\n\})", RegexOptions.Singleline)]
    private static partial Regex EntryPattern();

    [GeneratedRegex(@"\.param \.(\w+)")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\.maxntid (\d+)")]
    private static partial Regex Threads();

    [GeneratedRegex(@"(?<=[\s;{])(fma|mad|mul|add|sub|div|rcp|sqrt|ex2|lg2|cvt)\.[a-z0-9_.]*f(16|32|64)[a-z0-9_.]*\s")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"^(mul|add|sub|div|rcp|sqrt)\.(?!wide|lo|hi)")]
    private static partial Regex Rounded();
}
