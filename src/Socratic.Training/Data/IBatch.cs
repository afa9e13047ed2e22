using static TorchSharp.torch;

namespace Socratic.Training.Data;

/// <summary>Rows put together for one forward pass. Owns its tensors.</summary>
public interface IBatch : IDisposable
{
    /// <summary>The number of rows.</summary>
    int Count { get; }

    /// <summary>The rows' numbers, in order, in the dataset that made the batch; a view such as Take hands on its source's numbers.</summary>
    IReadOnlyList<int> RowIndices { get; }

    /// <summary>What the loss of the batch is a sum over: predicted tokens, or rows for a module that is no language model.</summary>
    long TargetCount { get; }

    /// <summary>A new batch of the rows from <paramref name="start"/> on, with tensors of its own.</summary>
    IBatch Slice(int start, int count);

    /// <summary>A new batch with its tensors on <paramref name="device"/>.</summary>
    IBatch To(Device device);
}
