using Socratic.Training.Optimization;

namespace Socratic.Training.Tests.Optimization;

public sealed unsafe class AdamWKernelTests
{
    private static readonly AdamWConstants Constants = new() { Scale = 0.7f, Keep = 0.999f, Take1 = 0.1f, Keep2 = 0.999f, Take2 = 0.001f, StepSize = 0.03f, RootScale = 5f, Epsilon = 1e-8f };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(1003)]
    public void Vectors_and_scalars_agree_bit_for_bit(int length)
    {
        var (fast, slow) = (Numbers(length), Numbers(length));
        for (var step = 0; step < 5; step++)
        {
            fixed (float* p = fast[0], g = fast[1], m = fast[2], v = fast[3]) AdamWKernel.Update(p, g, m, v, length, Constants);
            fixed (float* p = slow[0], g = slow[1], m = slow[2], v = slow[3]) AdamWKernel.Scalar(p, g, m, v, length, Constants);
        }
        for (var i = 0; i < fast.Length; i++) Assert.Equal(Bits(slow[i]), Bits(fast[i]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(1500)]
    public void Bfloat16_is_computed_in_single_and_rounded_when_stored(int length)
    {
        var wide = Numbers(length).Select(a => Array.ConvertAll(a, BFloat16Bits.Round)).ToArray();
        var narrow = wide.Select(a => Array.ConvertAll(a, BFloat16Bits.FromSingle)).ToArray();
        fixed (ushort* p = narrow[0], g = narrow[1], m = narrow[2], v = narrow[3]) AdamWKernel.Update(p, g, m, v, length, Constants);

        // A clipped gradient is a bf16 number.
        var (gradients, unscaled) = (Array.ConvertAll(wide[1], x => BFloat16Bits.Round(x * Constants.Scale)), Constants with { Scale = 1 });
        fixed (float* p = wide[0], g = gradients, m = wide[2], v = wide[3]) AdamWKernel.Scalar(p, g, m, v, length, unscaled);
        foreach (var i in new[] { 0, 2, 3 }) Assert.Equal(Array.ConvertAll(wide[i], BFloat16Bits.FromSingle), narrow[i]);
    }

    [Fact]
    public void Every_bfloat16_is_widened_exactly_and_comes_back()
    {
        var all = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        var (wide, back) = (new float[all.Length], new ushort[all.Length]);
        fixed (ushort* source = all, target = back)
        fixed (float* middle = wide)
        {
            BFloat16Bits.Widen(source, middle, all.Length);
            BFloat16Bits.Narrow(middle, target, all.Length);
        }
        for (var i = 0; i < all.Length; i++)
        {
            Assert.Equal(BitConverter.SingleToUInt32Bits(BFloat16Bits.ToSingle(all[i])), BitConverter.SingleToUInt32Bits(wide[i]));
            Assert.Equal(float.IsNaN(wide[i]) ? (ushort)0x7fc0 : all[i], back[i]);
        }
    }

    [Fact]
    public void Vectors_round_to_bfloat16_as_scalars_do()
    {
        var random = new Random(3);
        var values = Enumerable.Range(0, 4099).Select(_ => BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32))).ToArray();
        // Ties go to the even neighbour, the largest numbers to infinity.
        uint[] special = [0x3f808000, 0x3f818000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0x7f800001, 0x80000000, 0x00000001];
        for (var i = 0; i < special.Length; i++) values[i] = BitConverter.UInt32BitsToSingle(special[i]);
        var narrow = new ushort[values.Length];
        fixed (float* source = values)
        fixed (ushort* target = narrow) BFloat16Bits.Narrow(source, target, values.Length);
        Assert.Equal(Array.ConvertAll(values, BFloat16Bits.FromSingle), narrow);
        Assert.Equal<ushort>([0x3f80, 0x3f82, 0x7f80, 0xff80, 0x7f80, 0x7fc0, 0x8000, 0x0000], narrow[..8]);
    }

    private static float[][] Numbers(int length)
    {
        var random = new Random(length);
        return [.. Enumerable.Range(0, 4).Select(i => Enumerable.Range(0, length).Select(_ => i == 3 ? random.NextSingle() : (random.NextSingle() - 0.5f) * 4).ToArray())];
    }

    private static uint[] Bits(float[] values) => Array.ConvertAll(values, BitConverter.SingleToUInt32Bits);
}
