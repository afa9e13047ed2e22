using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Dequantizing;

/// <summary>4 bits to weights with AVX-512BW: one permute looks up 32 codes of 16-bit results, or 16 of float32.</summary>
internal static unsafe class Avx512Dequantizer
{
    public static void Run<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var spilled = stackalloc T[32];
        fixed (float* values = CodeBook.Of(job->Type).Values)
        {
            var book = Vector512.Load(values);
            for (var block = begin; block < end; block++)
            {
                var table = T.Round(book * Vector512.Create(job->Scale(block)));
                var (packed, weights, length) = ((nint)job->PackedBlock(block), (nint)job->Block<T>(block), job->Length(block));
                var done = sizeof(T) == 2 ? Decode16(Narrow(table), (byte*)packed, length, (ushort*)weights) : Decode32(table, (byte*)packed, length, (uint*)weights);
                if (done == length) continue;
                if (sizeof(T) == 2) Narrow(table).Store((ushort*)spilled);
                else table.Store((uint*)spilled);
                ScalarDequantizer.Decode(spilled, (byte*)packed, done, length, (T*)weights);
            }
        }
    }

    // The table twice: the permute looks at five bits, of which the upper one may then be anything.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ushort> Narrow(Vector512<uint> table)
    {
        var half = Avx512F.ConvertToVector256UInt16(table);
        return Vector512.Create(half, half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Decode16(Vector512<ushort> table, byte* packed, int length, ushort* weights)
    {
        var done = 0;
        for (; done <= length - 32; done += 32)
        {
            var bytes = Avx512F.ConvertToVector512UInt32(Vector128.Load(packed + done / 2));
            var codes = (bytes >> 4) | (bytes << 16);
            Avx512BW.PermuteVar32x16(table, codes.AsUInt16()).Store(weights + done);
        }
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Decode32(Vector512<uint> table, byte* packed, int length, uint* weights)
    {
        var done = 0;
        for (; done <= length - 16; done += 16)
        {
            var bytes = Avx512F.ConvertToVector512UInt64(Vector128.CreateScalarUnsafe(*(ulong*)(packed + done / 2)).AsByte());
            var codes = (bytes >> 4) | (bytes << 32);
            Avx512F.PermuteVar16x32(table, codes.AsUInt32()).Store(weights + done);
        }
        return done;
    }
}
