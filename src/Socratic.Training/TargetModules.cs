using System.Collections;
using System.Runtime.CompilerServices;

namespace Socratic.Training;

/// <summary>
/// Which modules are meant: a list of names (each an exact path or the end of one after a dot), a regular expression that must match the whole path,
/// or every linear layer but the output embedding. A collection expression (<c>["q_proj", "v_proj"]</c>) and a string convert to it.
/// </summary>
[CollectionBuilder(typeof(TargetModules), nameof(Create))]
public sealed class TargetModules : IEnumerable<string>, IEquatable<TargetModules>
{
    /// <summary>PEFT's word for every linear layer but the output embedding.</summary>
    public const string AllLinearName = "all-linear";

    private TargetModules(IReadOnlyList<string> names, string? pattern, bool isAllLinear)
    {
        Names = names;
        Pattern = pattern;
        IsAllLinear = isAllLinear;
    }

    /// <summary>Every linear layer but the output embedding.</summary>
    public static TargetModules AllLinear { get; } = new([], null, true);

    /// <summary>The listed names; empty for a pattern and for <see cref="AllLinear"/>.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The regular expression, or null.</summary>
    public string? Pattern { get; }

    /// <summary>True for <see cref="AllLinear"/>.</summary>
    public bool IsAllLinear { get; }

    /// <summary>A list of names.</summary>
    public static TargetModules Create(ReadOnlySpan<string> names) => new(names.ToArray(), null, false);

    /// <summary><c>all-linear</c>, or a regular expression that must match the whole path.</summary>
    public static TargetModules FromString(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return text == AllLinearName ? AllLinear : new([], text, false);
    }

    /// <inheritdoc cref="FromString"/>
    public static implicit operator TargetModules(string text) => FromString(text);

    /// <inheritdoc cref="Create"/>
    public static implicit operator TargetModules(string[] names) => Create(names);

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => Names.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(TargetModules? other) => other is not null && IsAllLinear == other.IsAllLinear && Pattern == other.Pattern && Names.SequenceEqual(other.Names);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TargetModules);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(IsAllLinear, Pattern, Names.Count);

    /// <inheritdoc/>
    public override string ToString() => IsAllLinear ? AllLinearName : Pattern ?? string.Join(", ", Names);
}
