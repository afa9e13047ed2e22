using Socratic.Training.Native;
using Socratic.Training.Quantization.Codec;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>4 bits by torch's own operators, on whatever device the tensors are: the way that always works, at several times the memory traffic.</summary>
/// <remarks>Each operator rounds by itself, so the values are those of the kernels. Temporary tensors hold a piece of the weight at a time.</remarks>
internal static class TorchFourBit
{
    // A multiple of every block size and of two.
    private const long Piece = 1L << 24;

    private static readonly Scalar Four = 4.ToScalar(), Fifteen = 15.ToScalar(), Sixteen = 16.ToScalar(), Eight = 8.ToScalar(), Zero = 0.ToScalar();

    /// <summary>Writes the weights to a contiguous tensor on the codes' device.</summary>
    internal static void Dequantize(QuantizedTensor weight, Tensor destination)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (packed, flat) = (weight.Packed.view(-1), destination.view(-1));
        var values = tensor(CodeBook.Of(weight.Type).Values, device: destination.device);
        var scales = Scales(weight);
        for (var begin = 0L; begin < weight.Count; begin += Piece)
        {
            using var piece = NewDisposeScope();
            var count = Math.Min(Piece, weight.Count - begin);
            var bytes = packed.narrow(0, begin / 2, (count + 1) / 2);
            var codes = stack([bytes.bitwise_right_shift(full_like(bytes, Four)), bytes.bitwise_and(full_like(bytes, Fifteen))], 1).view(-1).narrow(0, 0, count);
            var numbers = values.index_select(0, codes.to(ScalarType.Int32));
            var (target, first, blocks) = (flat.narrow(0, begin, count), begin / weight.BlockSize, count / weight.BlockSize);
            var whole = blocks * weight.BlockSize;
            if (blocks > 0) target.narrow(0, 0, whole).copy_((numbers.narrow(0, 0, whole).view(blocks, weight.BlockSize) * scales.narrow(0, first, blocks).unsqueeze(1)).view(-1));
            if (whole < count) target.narrow(0, whole, count - whole).copy_(numbers.narrow(0, whole, count - whole) * scales.narrow(0, first + blocks, 1));
        }
    }

    /// <summary>Codes uint8 [(count + 1) / 2, 1] and scales float32 [blocks] of a contiguous tensor, in no dispose scope of this method's.</summary>
    internal static (Tensor Packed, Tensor Absmax) Quantize(Tensor weights, QuantizationType type, int blockSize)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (count, device, flat) = (weights.numel(), weights.device, weights.view(-1));
        var packed = empty([(count + 1) / 2, 1], ScalarType.Byte, device);
        var absmax = empty([(count + blockSize - 1) / blockSize], ScalarType.Float32, device);
        for (var begin = 0L; begin < count; begin += Piece)
        {
            using var piece = NewDisposeScope();
            var here = Math.Min(Piece, count - begin);
            var blocks = (here + blockSize - 1) / blockSize;
            var padded = zeros([blocks * blockSize], ScalarType.Float32, device);
            padded.narrow(0, 0, here).copy_(flat.narrow(0, begin, here));
            var (codes, scales) = Codes(padded.view(blocks, blockSize), type);
            var pairs = codes.view(-1, 2).narrow(0, 0, (here + 1) / 2);
            packed.view(-1).narrow(0, begin / 2, (here + 1) / 2).copy_(pairs.select(1, 0).mul(Sixteen).bitwise_or(pairs.select(1, 1)));
            absmax.narrow(0, begin / blockSize, blocks).copy_(scales);
        }
        return (packed.MoveToOuterDisposeScope(), absmax.MoveToOuterDisposeScope());
    }

    /// <summary>8-bit codes and scales of float32 numbers [n], less an offset.</summary>
    internal static (Tensor Codes, Tensor Absmax) Quantize8(Tensor numbers, float offset, DynamicMap map, int blockSize)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var count = numbers.numel();
        var blocks = (count + blockSize - 1) / blockSize;
        var padded = zeros([blocks * blockSize], ScalarType.Float32, numbers.device);
        padded.narrow(0, 0, count).copy_(numbers.Plus(TensorNumbers.Filled(numbers.shape, -offset, ScalarType.Float32, numbers.device)));
        var rows = padded.view(blocks, blockSize);
        var absmax = LargestMagnitude(rows);
        var codes = Rank(rows * absmax.reciprocal().unsqueeze(1), map.Thresholds).to(ScalarType.Byte).view(-1).narrow(0, 0, count).contiguous();
        return (codes.MoveToOuterDisposeScope(), absmax.MoveToOuterDisposeScope());
    }

    /// <summary>Each block's scale, float32 [blocks]: the tensor itself if they are plain, else a new one.</summary>
    internal static Tensor Scales(QuantizedTensor weight)
    {
        if (weight.Nested is not { } nested) return weight.Absmax;
        var values = nested.Map.index_select(0, weight.Absmax.to(ScalarType.Int32));
        return (values * nested.Absmax.repeat_interleave(nested.BlockSize).narrow(0, 0, weight.Blocks)).Plus(TensorNumbers.Filled([weight.Blocks], nested.Offset, ScalarType.Float32, values.device));
    }

    private static (Tensor Codes, Tensor Absmax) Codes(Tensor rows, QuantizationType type)
    {
        var book = CodeBook.Of(type);
        var absmax = LargestMagnitude(rows);
        var reciprocal = absmax.reciprocal().unsqueeze(1);
        var x = rows * reciprocal;
        var codes = tensor(book.Codes.Select(c => (int)c).ToArray(), device: rows.device).index_select(0, Rank(book.IsSigned ? x.abs() : x, book.Thresholds).view(-1)).view(rows.shape);
        if (book.IsSigned) codes = codes.bitwise_or(x.lt(Zero).to(ScalarType.Int32).mul(Eight));
        return (where(reciprocal.isfinite(), codes, TensorNumbers.Filled(rows.shape, book.Zero, ScalarType.Int32, rows.device)), absmax);
    }

    // A NaN loses against any number.
    internal static Tensor LargestMagnitude(Tensor rows) => where(rows.isnan(), zeros_like(rows), rows.abs()).amax([1L]);

    /// <summary>How many thresholds lie below each x; 0 for NaN, which torch sorts last.</summary>
    internal static Tensor Rank(Tensor x, float[] thresholds)
    {
        var ranks = bucketize(x, tensor(thresholds, device: x.device), outInt32: true);
        return where(x.isnan(), zeros_like(ranks), ranks);
    }
}
