using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Quantizing;

/// <summary>Ranks by AVX-512: a binary search in four steps, each of which looks up 16 thresholds with one permute.</summary>
internal readonly unsafe struct Ranks512 : IRanks
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Find<T>(T* weights, float reciprocal, in BookView book, byte* ranks) where T : unmanaged, IElement<T>
    {
        Avx512F.ConvertToVector128Byte(Search(T.Read512(weights) * Vector512.Create(reciprocal), book)).Store(ranks);
        Avx512F.ConvertToVector128Byte(Search(T.Read512(weights + 16) * Vector512.Create(reciprocal), book)).Store(ranks + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Search(Vector512<float> x, in BookView book)
    {
        var sign = Vector512<uint>.Zero;
        if (book.IsSigned)
        {
            sign = Vector512.LessThan(x, Vector512<float>.Zero).AsUInt32() & Vector512.Create(8u);
            x = Vector512.Abs(x);
        }
        var thresholds = Vector512.Load(book.Thresholds);
        var rank = Above(x, Vector512.Create(book.Thresholds[7])) & Vector512.Create(8u);
        rank += Above(x, At(thresholds, rank + Vector512.Create(3u))) & Vector512.Create(4u);
        rank += Above(x, At(thresholds, rank + Vector512.Create(1u))) & Vector512.Create(2u);
        rank += Above(x, At(thresholds, rank)) & Vector512<uint>.One;
        return rank + sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Above(Vector512<float> x, Vector512<float> threshold) => Vector512.GreaterThan(x, threshold).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> At(Vector512<float> thresholds, Vector512<uint> index) => Avx512F.PermuteVar16x32(thresholds, index.AsInt32());
}
