using Socratic.Training.Optimization;

namespace Socratic.Training.Loop;

/// <summary>
/// After the first two updates: which trainable tensors never got a gradient. Nothing but a mistake in a model's wiring does that (a frozen path, a head that is not used);
/// a gradient of zeros, as a LoRA A has while B is zero, counts as one.
/// </summary>
internal sealed class GradientWatch
{
    private const int Updates = 2;

    private HashSet<string>? without;
    private int seen;

    /// <summary>Looks at one update's gradients; gives the names once, after the last update it watches.</summary>
    internal IReadOnlyList<string> Look(GradientBuffer gradients)
    {
        if (seen == Updates) return [];
        var now = gradients.WithoutGradient();
        if (without is null) without = new(now, StringComparer.Ordinal);
        else without.IntersectWith(now);
        return ++seen == Updates ? [.. gradients.Parameters.Select(p => p.Name).Where(without.Contains)] : [];
    }
}
