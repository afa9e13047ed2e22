using System.Globalization;
using Xunit;

namespace Socratic.Testing.Golden;

/// <summary>Comparisons with a stated tolerance. Each message says where the largest difference lies. NaN equals NaN, infinities must agree.</summary>
public static class Close
{
    /// <summary>|actual - expected| &lt;= tolerance x max(|expected|, floor).</summary>
    public static void Relative(double expected, double actual, double tolerance, string what, double floor = 0)
        => Check(expected.Equals(actual) || Difference(expected, actual) <= tolerance * Math.Max(Math.Abs(expected), floor), expected, actual, $"relative {Text(tolerance)}", what);

    /// <summary>|actual - expected| &lt;= tolerance.</summary>
    public static void Absolute(double expected, double actual, double tolerance, string what)
        => Check(Difference(expected, actual) <= tolerance, expected, actual, $"absolute {Text(tolerance)}", what);

    /// <summary>The largest single difference is at most <paramref name="tolerance"/>, absolute.</summary>
    public static void Largest(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance, string what)
    {
        Assert.True(actual.Length == expected.Length, $"{what}: {actual.Length} values, expected {expected.Length}");
        var (largest, at) = (0.0, 0);
        for (var i = 0; i < actual.Length; i++)
        {
            var difference = Difference(expected[i], actual[i]);
            if (difference > largest || double.IsNaN(difference)) (largest, at) = (difference, i);
            if (double.IsNaN(difference)) break;
        }
        Assert.True(largest <= tolerance, $"{what}: element {at} is {(actual.Length == 0 ? 0 : actual[at])}, expected {(actual.Length == 0 ? 0 : expected[at])}: {Text(largest)} apart, allowed {Text(tolerance)}");
    }

    /// <summary>The largest single difference is at most <paramref name="tolerance"/> times the largest expected magnitude.</summary>
    public static void OfLargest(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance, string what)
    {
        var scale = 0.0;
        foreach (var value in expected) scale = Math.Max(scale, Math.Abs((double)value));
        Largest(actual, expected, tolerance * scale, what);
    }

    /// <summary>The mean absolute difference is at most <paramref name="tolerance"/>.</summary>
    public static void Mean(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance, string what)
    {
        Assert.True(actual.Length == expected.Length, $"{what}: {actual.Length} values, expected {expected.Length}");
        var sum = 0.0;
        for (var i = 0; i < actual.Length; i++) sum += Difference(expected[i], actual[i]);
        var mean = actual.Length == 0 ? 0 : sum / actual.Length;
        Assert.True(mean <= tolerance, $"{what}: mean difference {Text(mean)}, allowed {Text(tolerance)}");
    }

    /// <summary>Norm of the difference over the norm of the expected values (relative L2) is at most <paramref name="tolerance"/>.</summary>
    public static void RelativeL2(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance, string what)
    {
        Assert.True(actual.Length == expected.Length, $"{what}: {actual.Length} values, expected {expected.Length}");
        var (difference, norm) = (0.0, 0.0);
        for (var i = 0; i < actual.Length; i++)
        {
            var d = Difference(expected[i], actual[i]);
            difference += d * d;
            norm += (double)expected[i] * expected[i];
        }
        var relative = Math.Sqrt(difference / Math.Max(norm, double.Epsilon));
        if (difference == 0) relative = 0;
        Assert.True(relative <= tolerance, $"{what}: relative L2 difference {Text(relative)}, allowed {Text(tolerance)}");
    }

    private static double Difference(double expected, double actual)
    {
        if (expected.Equals(actual)) return 0;
        var difference = Math.Abs(expected - actual);
        return double.IsNaN(difference) ? double.PositiveInfinity : difference;
    }

    private static void Check(bool holds, double expected, double actual, string tolerance, string what)
        => Assert.True(holds, $"{what}: {Text(actual)}, expected {Text(expected)} within {tolerance}");

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
