using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>The keys and values one attention layer has seen while generating: buffers that grow by doubling and are written in place.</summary>
internal sealed class LayerCache(int capacity) : IDisposable
{
    private Tensor? keys;
    private Tensor? values;

    /// <summary>Positions stored.</summary>
    public int Length { get; private set; }

    /// <summary>Adds [rows, heads, new positions, d] each; gives views of all so far, [rows, heads, positions, d], valid until the next call.</summary>
    public (Tensor Keys, Tensor Values) Append(Tensor newKeys, Tensor newValues)
    {
        var count = (int)newKeys.shape[2];
        keys = Room(keys, newKeys, Length + count);
        values = Room(values, newValues, Length + count);
        keys.narrow(2, Length, count).copy_(newKeys);
        values.narrow(2, Length, count).copy_(newValues);
        Length += count;
        return (keys.narrow(2, 0, Length), values.narrow(2, 0, Length));
    }

    /// <summary>Keeps the given rows only, in the given order.</summary>
    public void Select(Tensor rows)
    {
        keys = Replace(keys, rows);
        values = Replace(values, rows);

        static Tensor? Replace(Tensor? old, Tensor rows)
        {
            var chosen = old?.index_select(0, rows).DetachFromDisposeScope();
            old?.Dispose();
            return chosen;
        }
    }

    public void Dispose()
    {
        keys?.Dispose();
        values?.Dispose();
        keys = values = null;
    }

    private Tensor Room(Tensor? buffer, Tensor like, int needed)
    {
        if (buffer is not null && buffer.shape[2] >= needed) return buffer;
        var size = Math.Max(Math.Max(capacity, needed), buffer is null ? 0 : 2 * Length);
        var larger = empty([like.shape[0], like.shape[1], size, like.shape[3]], like.dtype, like.device).DetachFromDisposeScope();
        if (buffer is null) return larger;
        using var scope = NewDisposeScope();
        larger.narrow(2, 0, Length).copy_(buffer.narrow(2, 0, Length));
        buffer.Dispose();
        return larger;
    }
}
