using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Quantizing;

/// <summary>Ranks by AVX2: every threshold is compared with 32 weights at once, and a comparison that holds counts.</summary>
internal readonly unsafe struct Ranks256 : IRanks
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Find<T>(T* weights, float reciprocal, in BookView book, byte* ranks) where T : unmanaged, IElement<T>
    {
        var factor = Vector256.Create(reciprocal);
        var (x0, x1, x2, x3) = (T.Read256(weights) * factor, T.Read256(weights + 8) * factor, T.Read256(weights + 16) * factor, T.Read256(weights + 24) * factor);
        var (n0, n1, n2, n3) = (Vector256<int>.Zero, Vector256<int>.Zero, Vector256<int>.Zero, Vector256<int>.Zero);
        if (book.IsSigned)
        {
            (n0, n1, n2, n3) = (Negative(x0), Negative(x1), Negative(x2), Negative(x3));
            (x0, x1, x2, x3) = (Vector256.Abs(x0), Vector256.Abs(x1), Vector256.Abs(x2), Vector256.Abs(x3));
        }
        for (var i = 0; i < book.Count; i++)
        {
            var threshold = Vector256.Create(book.Thresholds[i]);
            n0 -= Vector256.GreaterThan(x0, threshold).AsInt32();
            n1 -= Vector256.GreaterThan(x1, threshold).AsInt32();
            n2 -= Vector256.GreaterThan(x2, threshold).AsInt32();
            n3 -= Vector256.GreaterThan(x3, threshold).AsInt32();
        }
        Vector256.Narrow(Vector256.Narrow(n0.AsUInt32(), n1.AsUInt32()), Vector256.Narrow(n2.AsUInt32(), n3.AsUInt32())).Store(ranks);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Negative(Vector256<float> x) => Vector256.LessThan(x, Vector256<float>.Zero).AsInt32() & Vector256.Create(8);
}
