using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Data;

/// <summary>Token rows for a causal language model. Owns its tensors.</summary>
public sealed class TokenBatch : IBatch
{
    /// <summary>The label of a position that is no target.</summary>
    public const long IgnoreLabel = -100;

    /// <summary>Takes ownership of the tensors.</summary>
    /// <param name="inputIds">Token ids, int64 [rows, length].</param>
    /// <param name="labels">int64 [rows, length], unshifted: the model predicts <c>labels[t + 1]</c> at position t. <see cref="IgnoreLabel"/> marks no target.</param>
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

    /// <summary>Token ids, int64 [Count, length]; [1, length] where packs were put one after the other.</summary>
    public Tensor InputIds { get; }

    /// <summary>Labels, shaped like <see cref="InputIds"/>, unshifted.</summary>
    public Tensor Labels { get; }

    /// <summary>Which positions are tokens and which documents they belong to.</summary>
    public AttentionLayout Attention { get; }

    /// <inheritdoc/>
    public int Count => RowIndices.Count;

    /// <summary>Positions, padding among them.</summary>
    internal int Positions => (int)InputIds.numel();

    /// <summary>For packs one after the other in a single tensor row: the documents of each.</summary>
    internal IReadOnlyList<int>? DocumentsPerRow { get; init; }

    /// <summary>The padded length of the rows.</summary>
    public int Length => (int)InputIds.shape[1];

    /// <inheritdoc/>
    public IReadOnlyList<int> RowIndices { get; }

    /// <inheritdoc/>
    public long TargetCount { get; }

    /// <inheritdoc cref="IBatch.Slice"/>
    public TokenBatch Slice(int start, int count)
    {
        if (DocumentsPerRow is not null) return SlicePacks(start, count, DocumentsPerRow);
        using var scope = NewDisposeScope();
        var labels = Labels.narrow(0, start, count).clone();
        return new TokenBatch(InputIds.narrow(0, start, count).clone(), labels, Attention.Slice(start, count), [.. RowIndices.Skip(start).Take(count)], Targets(labels));
    }

    private TokenBatch SlicePacks(int start, int count, IReadOnlyList<int> documentsPerRow)
    {
        using var scope = NewDisposeScope();
        var documents = Attention.Documents(0).Skip(documentsPerRow.Take(start).Sum()).Take(documentsPerRow.Skip(start).Take(count).Sum()).ToArray();
        var first = documents[0].Start;
        var length = documents[^1].Start + documents[^1].Length - first;
        var labels = Labels.narrow(1, first, length).clone();
        var layout = new AttentionLayout(length, [[.. documents.Select(d => d with { Start = d.Start - first })]]);
        return new TokenBatch(InputIds.narrow(1, first, length).clone(), labels, layout, [.. RowIndices.Skip(start).Take(count)], Targets(labels))
        {
            DocumentsPerRow = [.. documentsPerRow.Skip(start).Take(count)],
        };
    }

    private static long Targets(Tensor labels)
    {
        using var ignored = IgnoreLabel.ToScalar();
        return labels.narrow(1, 1, labels.shape[1] - 1).ne(ignored).sum().ToInt64();
    }

    /// <inheritdoc cref="IBatch.To"/>
    public TokenBatch To(Device device) => new(InputIds.to(device, copy: true), Labels.to(device, copy: true), Attention, RowIndices, TargetCount) { DocumentsPerRow = DocumentsPerRow };

    IBatch IBatch.Slice(int start, int count) => Slice(start, count);

    IBatch IBatch.To(Device device) => To(device);

    /// <inheritdoc/>
    public void Dispose()
    {
        InputIds.Dispose();
        Labels.Dispose();
    }
}
