namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>A value over the updates of a run. Values that are not finite have no place in a picture and are left out of it.</summary>
internal sealed record Curve(double[] Steps, double[] Values)
{
    public int Count => Steps.Length;

    public static Curve Of(IEnumerable<(int Step, double Value)> points)
    {
        var finite = points.Where(p => double.IsFinite(p.Value)).ToList();
        return new Curve([.. finite.Select(p => (double)p.Step)], [.. finite.Select(p => p.Value)]);
    }

    /// <summary>The best point: the first of the highest values, or of the lowest.</summary>
    public (double Step, double Value)? Best(bool highest)
    {
        if (Count == 0) return null;
        var at = 0;
        for (var i = 1; i < Count; i++)
            if (highest ? Values[i] > Values[at] : Values[i] < Values[at]) at = i;
        return (Steps[at], Values[at]);
    }

    /// <summary>The mean over a centred window: unlike a running mean it does not lag. The window shrinks towards the ends, so these stay in place.</summary>
    public Curve Smoothed(int halfWidth)
    {
        var means = new double[Count];
        for (var i = 0; i < Count; i++)
        {
            var reach = Math.Min(halfWidth, Math.Min(i, Count - 1 - i));
            means[i] = Values.AsSpan(i - reach, (2 * reach) + 1).ToArray().Average();
        }
        return this with { Values = means };
    }

    /// <summary>At most about <paramref name="limit"/> points, by which the outline stays: of each run of points the lowest and the highest.</summary>
    public Curve Thinned(int limit)
    {
        if (Count <= limit) return this;
        var kept = new SortedSet<int> { 0, Count - 1 };
        var runs = Math.Max(1, limit / 2);
        for (var run = 0; run < runs; run++)
        {
            var (start, end) = ((int)((long)run * Count / runs), (int)((long)(run + 1) * Count / runs));
            var (low, high) = (start, start);
            for (var i = start; i < end; i++)
            {
                if (Values[i] < Values[low]) low = i;
                if (Values[i] > Values[high]) high = i;
            }
            kept.Add(low);
            kept.Add(high);
        }
        return new Curve([.. kept.Select(i => Steps[i])], [.. kept.Select(i => Values[i])]);
    }
}
