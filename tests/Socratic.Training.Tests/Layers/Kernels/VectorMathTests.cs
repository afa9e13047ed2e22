using System.Numerics;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Native;

namespace Socratic.Training.Tests.Layers.Kernels;

public sealed unsafe class VectorMathTests
{
    [Fact]
    public void Exp_is_right_to_two_last_places()
    {
        for (var x = -87.0; x < 88; x += 0.00317) Assert.InRange(VectorMath.Exp(new Vector<float>((float)x))[0] / Math.Exp((float)x), 1 - 2.5e-7, 1 + 2.5e-7);
        Assert.Equal(1f, VectorMath.Exp(Vector<float>.Zero)[0]);
        Assert.InRange(VectorMath.Exp(new Vector<float>(-1000))[0], 0, 1.3e-38f);
    }

    [Fact]
    public void Tanh_is_right_to_two_last_places_and_odd()
    {
        for (var x = 1e-6; x < 30; x *= 1.003)
        {
            var got = VectorMath.Tanh(new Vector<float>((float)x))[0];
            Assert.InRange(got / Math.Tanh((float)x), 1 - 2.5e-7, 1 + 2.5e-7);
            Assert.Equal(-got, VectorMath.Tanh(new Vector<float>(-(float)x))[0]);
        }
        Assert.Equal(0f, VectorMath.Tanh(Vector<float>.Zero)[0]);
        Assert.Equal(1f, VectorMath.Tanh(new Vector<float>(1e30f))[0]);
        Assert.Equal(-1f, VectorMath.Tanh(new Vector<float>(-1e30f))[0]);
    }

    [Theory]
    [InlineData(false, false, 0f)]
    [InlineData(true, false, 1f)]
    [InlineData(false, true, 0f)]
    [InlineData(true, true, 1f)]
    public void Products_agree_with_and_without_libtorch(bool transposeA, bool transposeB, float keep)
    {
        if (OperatingSystem.IsLinux()) Assert.True(Blas.HasSgemm);
        const int m = 7, n = 19, k = 13, stride = 23;
        var random = new Random(3);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        var (a, b, first) = (Numbers(stride * stride), Numbers(stride * stride), Numbers(m * stride));
        var second = (float[])first.Clone();
        fixed (float* pa = a, pb = b, pc = first, pd = second)
        {
            Blas.Multiply(m, n, k, 0.7f, new(pa, stride, transposeA), new(pb, stride, transposeB), keep, new(pc, stride));
            Blas.PlainMultiply(m, n, k, 0.7f, new(pa, stride, transposeA), new(pb, stride, transposeB), keep, new(pd, stride));
        }
        for (var i = 0; i < first.Length; i++) Assert.Equal(second[i], first[i], 1e-5f);
    }
}
