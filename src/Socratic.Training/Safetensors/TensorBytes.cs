using static TorchSharp.torch;

namespace Socratic.Training.Safetensors;

/// <summary>The memory of a tensor, piece by piece: a span ends at 2 GB, an embedding need not.</summary>
internal static class TensorBytes
{
    private const long PieceBytes = 1L << 26;

    public delegate void Piece(Span<byte> bytes, long offset);

    /// <summary>Visits the bytes of a contiguous CPU tensor in order; offsets count from its first byte.</summary>
    public static void ForEach(Tensor tensor, Piece visit)
    {
        foreach (var (start, count, size) in Pieces(tensor))
        {
            using var flat = tensor.view(-1);
            using var piece = flat.narrow(0, start, count);
            visit(piece.bytes, start * size);
        }
    }

    /// <summary>Fills <paramref name="destination"/>, of any layout, dtype and device, through a small buffer of <paramref name="stored"/> dtype.</summary>
    public static void Fill(Tensor destination, ScalarType stored, Piece fill)
    {
        using var contiguous = destination.contiguous();
        using var flat = contiguous.view(-1);
        foreach (var (start, count, _) in Pieces(contiguous))
        {
            using var buffer = empty(count, dtype: stored);
            ForEach(buffer, (bytes, offset) => fill(bytes, (start * buffer.ElementSize) + offset));
            using var part = flat.narrow(0, start, count);
            part.copy_(buffer);
        }
        if (!destination.is_contiguous()) destination.copy_(contiguous);
    }

    private static IEnumerable<(long Start, long Count, long Size)> Pieces(Tensor tensor)
    {
        var (elements, size) = (tensor.NumberOfElements, tensor.ElementSize);
        var most = Math.Max(PieceBytes / size, 1);
        for (var start = 0L; start < elements; start += most) yield return (start, Math.Min(most, elements - start), size);
    }
}
