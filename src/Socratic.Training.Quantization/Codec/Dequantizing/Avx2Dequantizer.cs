using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Dequantizing;

/// <summary>4 bits to weights with AVX2: for 16-bit results two shuffles of bytes and an interleave, for float32 two permutes and a choice.</summary>
internal static unsafe class Avx2Dequantizer
{
    public static void Run<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var table = stackalloc T[16];
        fixed (float* values = CodeBook.Of(job->Type).Values)
        {
            for (var block = begin; block < end; block++)
            {
                Vector128Dequantizer.Products(values, job->Scale(block), table);
                var (packed, weights, length) = ((nint)job->PackedBlock(block), (nint)job->Block<T>(block), job->Length(block));
                var done = sizeof(T) == 2 ? Decode16((ushort*)table, (byte*)packed, length, (ushort*)weights) : Decode32((float*)table, (byte*)packed, length, (float*)weights);
                ScalarDequantizer.Decode(table, (byte*)packed, done, length, (T*)weights);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Decode16(ushort* table, byte* packed, int length, ushort* weights)
    {
        var whole = Vector256.Load(table);
        var low = Twice(Vector128.Narrow(whole.GetLower() & Vector128.Create((ushort)0xFF), whole.GetUpper() & Vector128.Create((ushort)0xFF)));
        var high = Twice(Vector128.Narrow(whole.GetLower() >> 8, whole.GetUpper() >> 8));
        var done = 0;
        for (; done <= length - 32; done += 32)
        {
            var bytes = Avx2.ConvertToVector256Int16(packed + done / 2).AsUInt16();
            var codes = (((bytes >> 4) | (bytes << 8)) & Vector256.Create((ushort)0x0F0F)).AsByte();
            var (lower, upper) = (Avx2.Shuffle(low, codes), Avx2.Shuffle(high, codes));
            // Interleaving stays within halves of 128 bits: 0-7 and 16-23, then 8-15 and 24-31.
            var (even, odd) = (Avx2.UnpackLow(lower, upper), Avx2.UnpackHigh(lower, upper));
            Avx2.Permute2x128(even, odd, 0x20).Store((byte*)(weights + done));
            Avx2.Permute2x128(even, odd, 0x31).Store((byte*)(weights + done + 16));
        }
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Decode32(float* table, byte* packed, int length, float* weights)
    {
        var (low, high) = (Vector256.Load(table), Vector256.Load(table + 8));
        var done = 0;
        for (; done <= length - 8; done += 8)
        {
            var bytes = Avx2.ConvertToVector256Int64(Vector128.CreateScalarUnsafe(*(uint*)(packed + done / 2)).AsByte());
            var codes = ((bytes >> 4) | (bytes << 32)).AsInt32();
            // The permutes look at three bits of a code; its fourth, moved to the sign, chooses.
            var fromHigh = (codes << 28).AsSingle();
            Avx.BlendVariable(Avx2.PermuteVar8x32(low, codes), Avx2.PermuteVar8x32(high, codes), fromHigh).Store(weights + done);
        }
        return done;
    }

    private static Vector256<byte> Twice(Vector128<byte> half) => Vector256.Create(half, half);
}
