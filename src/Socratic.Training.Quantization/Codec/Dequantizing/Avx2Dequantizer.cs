using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Dequantizing;

/// <summary>4 bits to weights with AVX2: for 16-bit results two shuffles of bytes and an interleave, for float32 two permutes and a choice.</summary>
internal static unsafe class Avx2Dequantizer
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var table = stackalloc T[16];
        var packed = job->PackedBlock(begin);
        var weights = job->Block<T>(begin);
        var streams = job->Streams(Vector256<byte>.Count);
        fixed (float* values = CodeBook.Of(job->Type).Values)
        {
            for (var block = begin; block < end; block++)
            {
                Vector128Dequantizer.Products(values, job->Scale(block), table);
                var length = job->Length(block);
                var whole = length & ~31;
                if (sizeof(T) == 2) Decode16((ushort*)table, packed, whole, (ushort*)weights, streams);
                else Decode32((float*)table, packed, whole, (float*)weights, streams);
                if (whole != length) ScalarDequantizer.Decode(table, packed, whole, length, weights);
                packed += job->BlockSize / 2;
                weights += job->BlockSize;
            }
        }
        if (streams) Sse.StoreFence();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Decode16(ushort* table, byte* packed, int length, ushort* weights, bool streams)
    {
        var (first, second, mask) = (Vector128.Load(table), Vector128.Load(table + 8), Vector128.Create((ushort)0xFF));
        var low = Twice(Sse2.PackUnsignedSaturate((first & mask).AsInt16(), (second & mask).AsInt16()));
        var high = Twice(Sse2.PackUnsignedSaturate((first >> 8).AsInt16(), (second >> 8).AsInt16()));
        for (var end = weights + length; weights < end; weights += 32, packed += 16)
        {
            var bytes = Avx2.ConvertToVector256Int16(packed).AsUInt16();
            var codes = (((bytes >> 4) | (bytes << 8)) & Vector256.Create((ushort)0x0F0F)).AsByte();
            var (lower, upper) = (Avx2.Shuffle(low, codes), Avx2.Shuffle(high, codes));
            // Interleaving stays within halves of 128 bits: 0-7 and 16-23, then 8-15 and 24-31.
            var (even, odd) = (Avx2.UnpackLow(lower, upper), Avx2.UnpackHigh(lower, upper));
            Store(Avx2.Permute2x128(even, odd, 0x20), (byte*)weights, streams);
            Store(Avx2.Permute2x128(even, odd, 0x31), (byte*)(weights + 16), streams);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Decode32(float* table, byte* packed, int length, float* weights, bool streams)
    {
        var (low, high) = (Vector256.Load(table), Vector256.Load(table + 8));
        for (var end = weights + length; weights < end; weights += 8, packed += 4)
        {
            var bytes = Avx2.ConvertToVector256Int64(Vector128.CreateScalarUnsafe(*(uint*)packed).AsByte());
            var codes = ((bytes >> 4) | (bytes << 32)).AsInt32();
            // The permutes look at three bits of a code; its fourth, moved to the sign, chooses.
            var fromHigh = (codes << 28).AsSingle();
            Store(Avx.BlendVariable(Avx2.PermuteVar8x32(low, codes), Avx2.PermuteVar8x32(high, codes), fromHigh).AsByte(), (byte*)weights, streams);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<byte> found, byte* weights, bool streams)
    {
        if (streams) found.StoreAlignedNonTemporal(weights);
        else found.Store(weights);
    }

    private static Vector256<byte> Twice(Vector128<byte> half) => Vector256.Create(half, half);
}
