namespace Socratic.Training.Optimization.Schedules;

/// <summary>How long the warm-up is.</summary>
internal static class WarmupLength
{
    /// <summary>The updates that a share of the run makes, rounded up in floating point as the reference does: 0.07 of 100 is 8.</summary>
    public static long FromRatio(double ratio, long totalSteps) => (long)Math.Ceiling(totalSteps * ratio);

    /// <summary>Hugging Face's one argument for both: 1 or more is a number of updates, cut to an integer; below 1 it is a share.</summary>
    public static long FromArgument(double argument, long totalSteps) => argument >= 1 ? (long)argument : FromRatio(argument, totalSteps);
}
