namespace Socratic.Training.Data.Sampling;

/// <summary>The order in which an epoch visits the rows.</summary>
public interface ISampler
{
    /// <summary>The rows 0 to <paramref name="count"/> - 1 in the order of an epoch, each once.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="count">The number of rows.</param>
    int[] Order(int epoch, int count);
}
