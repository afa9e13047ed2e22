using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Quantizing;

/// <summary>Ranks by portable vectors: every threshold is compared, and a comparison that holds counts.</summary>
internal readonly unsafe struct Ranks128 : IRanks
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Find<T>(T* weights, float reciprocal, in BookView book, byte* ranks) where T : unmanaged, IElement<T>
    {
        for (var i = 0; i < 32; i += 16)
        {
            var (a, b) = (Count<T>(weights + i, reciprocal, book), Count<T>(weights + i + 4, reciprocal, book));
            var (c, d) = (Count<T>(weights + i + 8, reciprocal, book), Count<T>(weights + i + 12, reciprocal, book));
            Vector128.Narrow(Vector128.Narrow(a, b), Vector128.Narrow(c, d)).Store(ranks + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Count<T>(T* weights, float reciprocal, in BookView book) where T : unmanaged, IElement<T>
    {
        var x = T.Read128(weights) * Vector128.Create(reciprocal);
        var count = Vector128<int>.Zero;
        if (book.IsSigned)
        {
            count = Vector128.LessThan(x, Vector128<float>.Zero).AsInt32() & Vector128.Create(8);
            x = Vector128.Abs(x);
        }
        for (var i = 0; i < book.Count; i++) count -= Vector128.GreaterThan(x, Vector128.Create(book.Thresholds[i])).AsInt32();
        return count.AsUInt32();
    }
}
