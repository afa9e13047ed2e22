using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Dequantizing;

/// <summary>
/// 4 bits to weights with portable vectors. A weight depends on its code and its block only: the 16 results are rounded once a block. Those of 16 bits are split
/// into a table of lower and one of upper bytes, in each of which a shuffle looks up 16 codes; float32 is looked up one by one.
/// </summary>
internal static unsafe class Vector128Dequantizer
{
    // Weights a turn: 16 bytes of codes.
    private const int Step = 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var table = stackalloc T[16];
        fixed (float* values = CodeBook.Of(job->Type).Values)
        {
            for (var block = begin; block < end; block++)
            {
                Products(values, job->Scale(block), table);
                var packed = job->PackedBlock(block);
                var weights = job->Block<T>(block);
                var length = job->Length(block);
                var done = sizeof(T) == 2 ? Decode16((ushort*)table, packed, length, (ushort*)weights) : 0;
                ScalarDequantizer.Decode(table, packed, done, length, weights);
            }
        }
    }

    /// <summary>What the 16 codes stand for in a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Products<T>(float* values, float scale, T* table) where T : unmanaged, IElement<T>
    {
        var factor = Vector128.Create(scale);
        for (var i = 0; i < 16; i += 8)
        {
            var (first, second) = (T.Round(Vector128.Load(values + i) * factor), T.Round(Vector128.Load(values + i + 4) * factor));
            if (sizeof(T) == 2)
            {
                Vector128.Narrow(first, second).Store((ushort*)table + i);
            }
            else
            {
                first.Store((uint*)table + i);
                second.Store((uint*)table + i + 4);
            }
        }
    }

    private static int Decode16(ushort* table, byte* packed, int length, ushort* weights)
    {
        var (low, high) = (Byte16(table, 0), Byte16(table, 8));
        var done = 0;
        for (; done <= length - Step; done += Step)
        {
            var (first, second) = Codes(packed + done / 2);
            Store(Vector128.Shuffle(low, first), Vector128.Shuffle(high, first), weights + done);
            Store(Vector128.Shuffle(low, second), Vector128.Shuffle(high, second), weights + done + 16);
        }
        return done;
    }

    // 32 codes, one a byte, in their order: the upper half of each byte comes first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<byte> First, Vector128<byte> Second) Codes(byte* packed)
    {
        var bytes = Vector128.Load(packed);
        return (Apart(Vector128.WidenLower(bytes)), Apart(Vector128.WidenUpper(bytes)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Apart(Vector128<ushort> bytes) => (((bytes >> 4) | (bytes << 8)) & Vector128.Create((ushort)0x0F0F)).AsByte();

    // 16 lower and 16 upper bytes as 16 numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<byte> lower, Vector128<byte> upper, ushort* target)
    {
        (Vector128.WidenLower(lower) | (Vector128.WidenLower(upper) << 8)).Store(target);
        (Vector128.WidenUpper(lower) | (Vector128.WidenUpper(upper) << 8)).Store(target + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Byte16(ushort* table, int shift)
    {
        var mask = Vector128.Create((ushort)0xFF);
        return Vector128.Narrow((Vector128.Load(table) >> shift) & mask, (Vector128.Load(table + 8) >> shift) & mask);
    }
}
