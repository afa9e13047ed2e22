using System.Runtime.CompilerServices;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Quantizing;

/// <summary>Weights to 4 bits: the definition, one weight after the other. The vector paths give the same bits and use it for what is left over.</summary>
internal static unsafe class ScalarQuantizer
{
    private const uint Infinity = 0x7F800000;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var book = CodeBook.Of(job->Type);
        for (var block = begin; block < end; block++)
        {
            var (weights, length) = ((nint)job->Block<T>(block), job->Length(block));
            job->Scales[block] = LargestMagnitude(job, (T*)weights, length);
            var reciprocal = 1 / job->Scales[block];
            if (float.IsFinite(reciprocal)) Encode(book, (T*)weights, 0, length, reciprocal, job->PackedBlock(block));
            else Zeros(book, length, job->PackedBlock(block));
        }
    }

    /// <summary>The largest magnitude; NaN is ignored, and reported.</summary>
    public static float LargestMagnitude<T>(FourBitJob* job, T* weights, int length) where T : unmanaged, IElement<T>
    {
        var (largest, all) = (0u, 0u);
        for (var i = 0; i < length; i++)
        {
            var magnitude = BitConverter.SingleToUInt32Bits(T.Read(weights[i])) & int.MaxValue;
            all = Math.Max(all, magnitude);
            if (magnitude <= Infinity) largest = Math.Max(largest, magnitude);
        }
        if (all >= Infinity) job->SawNonFinite = 1;
        return BitConverter.UInt32BitsToSingle(largest);
    }

    /// <summary>A block whose scale has no finite reciprocal: +0 everywhere.</summary>
    public static void Zeros(CodeBook book, int length, byte* packed) => new Span<byte>(packed, (length + 1) / 2).Fill((byte)(book.Zero << 4 | book.Zero));

    /// <summary>Finds the codes of the weights from <paramref name="start"/>, an even number, to <paramref name="length"/>.</summary>
    public static void Encode<T>(CodeBook book, T* weights, int start, int length, float reciprocal, byte* packed) where T : unmanaged, IElement<T>
    {
        for (var i = start; i < length; i += 2)
        {
            var high = book.CodeOf(T.Read(weights[i]) * reciprocal);
            var low = i + 1 < length ? book.CodeOf(T.Read(weights[i + 1]) * reciprocal) : book.Zero;
            packed[i / 2] = (byte)(high << 4 | low);
        }
    }
}
