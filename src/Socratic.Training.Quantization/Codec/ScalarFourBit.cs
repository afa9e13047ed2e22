namespace Socratic.Training.Quantization.Codec;

/// <summary>The definition, one weight after the other. The vector paths give the same bits and use it for what is left over.</summary>
internal static unsafe class ScalarFourBit
{
    private const uint Infinity = 0x7F800000;

    public static void Quantize<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var book = CodeBook.Of(job->Type);
        for (var block = begin; block < end; block++)
        {
            var weights = (T*)job->Weights + block * job->BlockSize;
            var length = job->Length(block);
            job->Scales[block] = LargestMagnitude(job, weights, length);
            Encode(book, weights, length, job->Scales[block], job->Packed + block * (job->BlockSize / 2));
        }
    }

    public static void Dequantize<T>(FourBitJob* job, long begin, long end) where T : unmanaged, IElement<T>
    {
        var book = CodeBook.Of(job->Type);
        var values = stackalloc T[16];
        for (var block = begin; block < end; block++)
        {
            Products(book, job->Scale(block), values);
            Decode(values, job->Packed + block * (job->BlockSize / 2), job->Length(block), (T*)job->Weights + block * job->BlockSize);
        }
    }

    /// <summary>The largest magnitude; NaN is ignored, and reported.</summary>
    public static float LargestMagnitude<T>(FourBitJob* job, T* weights, int length) where T : unmanaged, IElement<T>
    {
        var (largest, all) = (0u, 0u);
        for (var i = 0; i < length; i++)
        {
            var magnitude = BitConverter.SingleToUInt32Bits(T.Read(weights[i])) & int.MaxValue;
            all = Math.Max(all, magnitude);
            if (magnitude <= Infinity) largest = Math.Max(largest, magnitude);
        }
        if (all >= Infinity) job->SawNonFinite = 1;
        return BitConverter.UInt32BitsToSingle(largest);
    }

    public static void Encode<T>(CodeBook book, T* weights, int length, float scale, byte* packed) where T : unmanaged, IElement<T>
    {
        var reciprocal = 1 / scale;
        if (!float.IsFinite(reciprocal))
        {
            new Span<byte>(packed, (length + 1) / 2).Fill((byte)(book.Zero << 4 | book.Zero));
            return;
        }
        for (var i = 0; i < length; i += 2)
        {
            var high = CodeOf(book, T.Read(weights[i]) * reciprocal);
            var low = i + 1 < length ? CodeOf(book, T.Read(weights[i + 1]) * reciprocal) : book.Zero;
            packed[i / 2] = (byte)(high << 4 | low);
        }
    }

    public static int CodeOf(CodeBook book, float x)
    {
        var met = book.IsSigned ? MathF.Abs(x) : x;
        var rank = 0;
        foreach (var threshold in book.Thresholds) rank += met > threshold ? 1 : 0;
        return book.Codes[rank] | (book.IsSigned && x < 0 ? 8 : 0);
    }

    /// <summary>What the 16 codes stand for in a block: a product in fp32, then one rounding.</summary>
    public static void Products<T>(CodeBook book, float scale, T* values) where T : unmanaged, IElement<T>
    {
        for (var i = 0; i < 16; i++) values[i] = T.Round(book.Values[i] * scale);
    }

    public static void Decode<T>(T* values, byte* packed, int length, T* weights) where T : unmanaged
    {
        for (var i = 0; i + 1 < length; i += 2)
        {
            weights[i] = values[packed[i / 2] >> 4];
            weights[i + 1] = values[packed[i / 2] & 15];
        }
        if (length % 2 != 0) weights[length - 1] = values[packed[length / 2] >> 4];
    }
}
