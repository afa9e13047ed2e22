namespace Socratic.Training.Optimization;

/// <summary>Checks of an optimizer's constants.</summary>
internal static class Range
{
    internal static double Share(double value, string name)
    {
        if (!(value is >= 0 and < 1)) throw new ArgumentOutOfRangeException(name, value, "Must be at least 0 and below 1.");
        return value;
    }

    internal static double NotNegative(double value, string name)
    {
        if (!(value >= 0 && double.IsFinite(value))) throw new ArgumentOutOfRangeException(name, value, "Must be a finite number, 0 or more.");
        return value;
    }
}
