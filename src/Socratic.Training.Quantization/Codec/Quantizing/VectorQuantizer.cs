using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Quantizing;

/// <summary>Weights to 4 bits with vectors: everything but the ranks is the same for all widths.</summary>
internal static unsafe class VectorQuantizer
{
    private const int Step = 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, TRanks>(FourBitJob* job, long begin, long end)
        where T : unmanaged, IElement<T>
        where TRanks : IRanks
    {
        var book = CodeBook.Of(job->Type);
        var codes = Vector128.Create(book.Codes);
        var ranks = stackalloc byte[Step];
        fixed (float* thresholds = book.PaddedThresholds)
        {
            var view = new BookView(book, thresholds);
            for (var block = begin; block < end; block++)
            {
                var (weights, packed, length) = ((nint)job->Block<T>(block), (nint)job->PackedBlock(block), job->Length(block));
                job->Scales[block] = LargestMagnitude(job, (T*)weights, length);
                var reciprocal = 1 / job->Scales[block];
                if (!float.IsFinite(reciprocal))
                {
                    ScalarQuantizer.Zeros(book, length, (byte*)packed);
                    continue;
                }
                var done = 0;
                for (; done <= length - Step; done += Step)
                {
                    TRanks.Find((T*)weights + done, reciprocal, view, ranks);
                    Pack(ranks, codes, (byte*)packed + done / 2);
                }
                if (done < length) ScalarQuantizer.Encode(book, (T*)weights, done, length, reciprocal, (byte*)packed);
            }
        }
    }

    // Magnitudes are ordered like their bits, with NaN above infinity.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float LargestMagnitude<T>(FourBitJob* job, T* weights, int length) where T : unmanaged, IElement<T>
    {
        var largest = sizeof(T) == 2
            ? T.Read(Unsafe.BitCast<ushort, T>(Largest((ushort*)weights, length, (ushort)short.MaxValue)))
            : BitConverter.UInt32BitsToSingle(Largest((uint*)weights, length, (uint)int.MaxValue));
        return float.IsFinite(largest) ? largest : ScalarQuantizer.LargestMagnitude(job, weights, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TBits Largest<TBits>(TBits* bits, int length, TBits magnitude) where TBits : unmanaged, IBinaryInteger<TBits>
    {
        var (mask, first, second) = (Vector128.Create(magnitude), Vector128<TBits>.Zero, Vector128<TBits>.Zero);
        var width = Vector128<TBits>.Count;
        var i = 0;
        for (; i <= length - 2 * width; i += 2 * width)
        {
            first = Vector128.Max(first, Vector128.Load(bits + i) & mask);
            second = Vector128.Max(second, Vector128.Load(bits + i + width) & mask);
        }
        first = Vector128.Max(first, second);
        first = Vector128.Max(first, Vector128.Shuffle(first.AsUInt32(), Vector128.Create(2u, 3, 0, 1)).As<uint, TBits>());
        first = Vector128.Max(first, Vector128.Shuffle(first.AsUInt32(), Vector128.Create(1u, 0, 3, 2)).As<uint, TBits>());
        if (sizeof(TBits) == 2) first = Vector128.Max(first, (first.AsUInt32() >> 16).As<uint, TBits>());
        var largest = first.ToScalar();
        for (; i < length; i++) largest = TBits.Max(largest, bits[i] & magnitude);
        return largest;
    }

    // The first of two codes goes to the upper half of a byte.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack(byte* ranks, Vector128<byte> codes, byte* packed)
    {
        var first = Vector128.Shuffle(codes, Vector128.Load(ranks)).AsUInt16();
        var second = Vector128.Shuffle(codes, Vector128.Load(ranks + 16)).AsUInt16();
        var low = Vector128.Create((ushort)0xFF);
        Vector128.Narrow(((first << 4) | (first >> 8)) & low, ((second << 4) | (second >> 8)) & low).Store(packed);
    }
}
