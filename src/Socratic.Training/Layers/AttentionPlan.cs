using Socratic.Training.Data;
using Socratic.Training.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>
/// What attention needs to know about a batch beside queries, keys and values: positions and who may see whom. Built once a forward; masks and rotary rows
/// are made when first asked for and kept until the plan is disposed, so that layers share them.
/// </summary>
/// <remarks>
/// Keys are the positions of the layout, queries those from <c>firstQuery</c> on (all but one step's are in the cache while generating).
/// A query sees the keys of its own document up to itself, and with a window w only the last w of them, itself included. Padding after a document counts on
/// from it and sees it; padding before all documents is at position 0 and sees nothing, which in eager attention means every key alike.
/// </remarks>
internal sealed class AttentionPlan : IDisposable
{
    private readonly AttentionLayout layout;
    private readonly int firstQuery;
    private readonly Device device;
    private readonly ScalarType dtype;
    private readonly Dictionary<int, Tensor?> masks = [];
    private readonly Dictionary<RotarySpecification, (Tensor Cos, Tensor Sin)> rotary = [];
    private readonly bool isPlain;
    private Tensor? positions;
    private IReadOnlyList<(int First, int Length)>? documents;

    public AttentionPlan(AttentionLayout layout, Device device, ScalarType dtype, int firstQuery = 0)
    {
        this.layout = layout;
        this.device = device;
        this.dtype = dtype;
        this.firstQuery = firstQuery;
        isPlain = layout.HasOneDocumentFromTheStart();
    }

    /// <summary>The number of rows.</summary>
    public int Rows => layout.Rows;

    /// <summary>Queries a row.</summary>
    public int Queries => layout.Length - firstQuery;

    /// <summary>True where attention runs in the fused kernels: on the processor, over whole rows.</summary>
    public bool IsFused { get; init; }

    /// <summary>First token and length of each document, rows taken one after the other.</summary>
    public IReadOnlyList<(int First, int Length)> Documents => documents ??= layout.FlatDocuments();

    /// <summary>Keys a row.</summary>
    public int Keys => layout.Length;

    /// <summary>cos and sin for the queries' positions, in the plan's dtype: [1 or rows, queries, 1, d]. Owned by the plan.</summary>
    public (Tensor Cos, Tensor Sin) Rotary(RotaryTable table)
    {
        if (rotary.TryGetValue(table.Specification, out var found)) return found;
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (cos, sin) = table.For(layout.Length);
        return rotary[table.Specification] = (Rows(cos), Rows(sin));

        Tensor Rows(Tensor all)
        {
            var rows = isPlain ? all.narrow(0, firstQuery, Queries).unsqueeze(0) : all.index_select(0, Positions().reshape(-1)).view(layout.Rows, Queries, -1);
            return rows.to(dtype, copy: true).unsqueeze(2).DetachFromDisposeScope();
        }
    }

    /// <summary>
    /// What is added to the scores: 0 where a query may look, the dtype's lowest value elsewhere: [1 or rows, 1, 1, queries, keys]; null if all may be
    /// seen.
    /// </summary>
    /// <param name="window">How many keys a query sees, itself included; null for all of its document.</param>
    public Tensor? Mask(int? window)
    {
        var seen = window is { } w && w < layout.Length ? w : layout.Length;
        if (masks.TryGetValue(seen, out var mask)) return mask;
        return masks[seen] = Queries == 1 && seen == layout.Length && layout.IsFull ? null : Build(seen);
    }

    public void Dispose()
    {
        foreach (var mask in masks.Values) mask?.Dispose();
        foreach (var (cos, sin) in rotary.Values)
        {
            cos.Dispose();
            sin.Dispose();
        }
        positions?.Dispose();
        masks.Clear();
        rotary.Clear();
    }

    private Tensor Build(int window)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        using var width = window.ToScalar();
        var keys = TensorNumbers.Range(layout.Length, ScalarType.Int64, device);
        var queries = keys.narrow(0, firstQuery, Queries).unsqueeze(1);
        var allowed = keys.le(queries).logical_and_(keys.gt(queries - width)).unsqueeze(0);
        if (!layout.IsFull)
        {
            var (queryDocuments, keyDocuments) = layout.DocumentNumbers();
            var ofQuery = tensor(queryDocuments, [layout.Rows, layout.Length], device: device).narrow(1, firstQuery, Queries).unsqueeze(2);
            var ofKey = tensor(keyDocuments, [layout.Rows, layout.Length], device: device).unsqueeze(1);
            allowed = allowed.logical_and(ofQuery.eq(ofKey));
        }
        using var lowest = (dtype == ScalarType.BFloat16 ? BitConverter.UInt32BitsToSingle(0xFF7F0000) : float.MinValue).ToScalar();
        var mask = zeros(allowed.shape, dtype, device).masked_fill_(allowed.logical_not_(), lowest);
        return mask.unsqueeze(1).unsqueeze(1).DetachFromDisposeScope();
    }

    private Tensor Positions() => positions ??= tensor(layout.Positions(firstQuery), [layout.Rows, Queries], device: device).DetachFromDisposeScope();
}
