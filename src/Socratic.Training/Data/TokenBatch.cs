using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Data;

/// <summary>Token rows for a causal language model. Owns its tensors.</summary>
public sealed class TokenBatch : IBatch
{
    /// <summary>The label of a position that is no target.</summary>
    public const long IgnoreLabel = -100;

    /// <summary>Takes ownership of the tensors.</summary>
    /// <param name="inputIds">Token ids, int64 [Count, length].</param>
    /// <param name="labels">int64 [Count, length], unshifted: the model predicts <c>labels[t + 1]</c> at position t. <see cref="IgnoreLabel"/> marks no target.</param>
    /// <param name="attention">Which positions are tokens and which documents they belong to.</param>
    /// <param name="rowIndices">The rows' numbers in their dataset.</param>
    /// <param name="targetCount">The labels other than <see cref="IgnoreLabel"/> from position 1 on.</param>
    public TokenBatch(Tensor inputIds, Tensor labels, AttentionLayout attention, IReadOnlyList<int> rowIndices, long targetCount)
    {
        InputIds = inputIds.DetachFromDisposeScope();
        Labels = labels.DetachFromDisposeScope();
        Attention = attention;
        RowIndices = rowIndices;
        TargetCount = targetCount;
    }

    /// <summary>Token ids, int64 [Count, length].</summary>
    public Tensor InputIds { get; }

    /// <summary>Labels, int64 [Count, length], unshifted.</summary>
    public Tensor Labels { get; }

    /// <summary>Which positions are tokens and which documents they belong to.</summary>
    public AttentionLayout Attention { get; }

    /// <inheritdoc/>
    public int Count => (int)InputIds.shape[0];

    /// <summary>The padded length of the rows.</summary>
    public int Length => (int)InputIds.shape[1];

    /// <inheritdoc/>
    public IReadOnlyList<int> RowIndices { get; }

    /// <inheritdoc/>
    public long TargetCount { get; }

    /// <inheritdoc cref="IBatch.Slice"/>
    public TokenBatch Slice(int start, int count)
    {
        using var scope = NewDisposeScope();
        var labels = Labels.narrow(0, start, count).clone();
        using var ignored = IgnoreLabel.ToScalar();
        var targets = labels.narrow(1, 1, Length - 1).ne(ignored).sum().ToInt64();
        return new TokenBatch(InputIds.narrow(0, start, count).clone(), labels, Attention.Slice(start, count), [.. RowIndices.Skip(start).Take(count)], targets);
    }

    /// <inheritdoc cref="IBatch.To"/>
    public TokenBatch To(Device device) => new(InputIds.to(device, copy: true), Labels.to(device, copy: true), Attention, RowIndices, TargetCount);

    IBatch IBatch.Slice(int start, int count) => Slice(start, count);

    IBatch IBatch.To(Device device) => To(device);

    /// <inheritdoc/>
    public void Dispose()
    {
        InputIds.Dispose();
        Labels.Dispose();
    }
}
