using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Dequantizing;

/// <summary>4 bits to weights with AVX-512BW: one permute looks up 32 codes of 16-bit results, or 16 of float32.</summary>
internal static unsafe class Avx512Dequantizer
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var table = stackalloc T[32];
        var packed = job->PackedBlock(begin);
        var weights = job->Block<T>(begin);
        var streams = job->Streams(Vector512<byte>.Count);
        fixed (float* values = CodeBook.Of(job->Type).Values)
        {
            var book = Vector512.Load(values);
            for (var block = begin; block < end; block++)
            {
                var results = T.Round(book * Vector512.Create(job->Scale(block)));
                var length = job->Length(block);
                var whole = length & ~31;
                if (sizeof(T) == 2) Decode16(results, packed, whole, (ushort*)weights, streams);
                else Decode32(results, packed, whole, (uint*)weights, streams);
                if (whole != length)
                {
                    if (sizeof(T) == 2) Avx512F.ConvertToVector256UInt16(results).Store((ushort*)table);
                    else results.Store((uint*)table);
                    ScalarDequantizer.Decode(table, packed, whole, length, weights);
                }
                packed += job->BlockSize / 2;
                weights += job->BlockSize;
            }
        }
        if (streams) Sse.StoreFence();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Decode16(Vector512<uint> results, byte* packed, int length, ushort* weights, bool streams)
    {
        var table = Avx512F.ConvertToVector256UInt16(results).ToVector512Unsafe();
        for (var end = weights + length; weights < end; weights += 32, packed += 16)
        {
            var bytes = Avx512F.ConvertToVector512UInt32(Vector128.Load(packed));
            var codes = ((bytes >> 4) | (bytes << 16)) & Vector512.Create(0x000F000Fu);
            var found = Avx512BW.PermuteVar32x16(table, codes.AsUInt16());
            if (streams) found.StoreAlignedNonTemporal(weights);
            else found.Store(weights);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Decode32(Vector512<uint> results, byte* packed, int length, uint* weights, bool streams)
    {
        for (var end = weights + length; weights < end; weights += 16, packed += 8)
        {
            // The permute looks at the lower four bits of each index alone.
            var bytes = Avx512F.ConvertToVector512UInt64(Vector128.CreateScalarUnsafe(*(ulong*)packed).AsByte());
            var found = Avx512F.PermuteVar16x32(results, ((bytes >> 4) | (bytes << 32)).AsUInt32());
            if (streams) found.StoreAlignedNonTemporal(weights);
            else found.Store(weights);
        }
    }
}
