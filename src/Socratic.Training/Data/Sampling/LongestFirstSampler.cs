namespace Socratic.Training.Data.Sampling;

/// <summary>The longest rows first: a run that begins with them meets its largest memory at once.</summary>
/// <param name="lengthOf">The length of a row.</param>
internal sealed class LongestFirstSampler(Func<int, int> lengthOf) : ISampler
{
    /// <inheritdoc/>
    public int[] Order(int epoch, int count) => [.. Enumerable.Range(0, count).OrderByDescending(lengthOf)];
}
