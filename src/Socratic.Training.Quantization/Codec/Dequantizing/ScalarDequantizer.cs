using System.Runtime.CompilerServices;
using Socratic.Training.Quantization.Codec.Elements;

namespace Socratic.Training.Quantization.Codec.Dequantizing;

/// <summary>4 bits to weights: the definition, one weight after the other. The vector paths give the same bits and use it for what is left over.</summary>
internal static unsafe class ScalarDequantizer
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var book = CodeBook.Of(job->Type);
        var values = stackalloc T[16];
        for (var block = begin; block < end; block++)
        {
            Products(book, job->Scale(block), values);
            Decode(values, job->PackedBlock(block), 0, job->Length(block), job->Block<T>(block));
        }
    }

    /// <summary>Looks up the weights from <paramref name="start"/>, an even number, to <paramref name="length"/>.</summary>
    public static void Decode<T>(T* values, byte* packed, int start, int length, T* weights) where T : unmanaged
    {
        for (var i = start; i + 1 < length; i += 2)
        {
            weights[i] = values[packed[i / 2] >> 4];
            weights[i + 1] = values[packed[i / 2] & 15];
        }
        if (length % 2 != 0) weights[length - 1] = values[packed[length / 2] >> 4];
    }

    // What the 16 codes stand for in a block: a product in fp32, then one rounding.
    private static void Products<T>(CodeBook book, float scale, T* values) where T : unmanaged, IElement<T>
    {
        for (var i = 0; i < 16; i++) values[i] = T.Round(book.Values[i] * scale);
    }
}
