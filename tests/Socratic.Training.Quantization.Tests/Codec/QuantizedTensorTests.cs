using Socratic.Training.Quantization.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Codec;

public sealed class QuantizedTensorTests
{
    [Fact]
    public void Dequantizing_into_a_buffer_allocates_nothing()
    {
        using var scope = NewDisposeScope();
        var buffer = empty([96, 65], ScalarType.BFloat16);
        using var quantized = QuantizedTensor.Quantize(randn(96, 65), new QuantizationOptions());
        quantized.Dequantize(buffer);
        var (tensors, bytes) = (Tensor.TotalCount, GC.GetAllocatedBytesForCurrentThread());
        for (var i = 0; i < 1000; i++) quantized.Dequantize(buffer);
        Assert.Equal(tensors, Tensor.TotalCount);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - bytes, 0, 1000);
    }

    // The other tests run whatever the processor has: here it shows what that is.
    [Theory]
    [InlineData(VectorPath.Vector128), InlineData(VectorPath.Avx2), InlineData(VectorPath.Avx512)]
    public void The_processor_has(object path)
    {
        if (!VectorPaths.Available.Contains((VectorPath)path)) Assert.Skip($"This processor has no {path}: that way of computing is not tested here.");
    }

    [Fact]
    public void It_owns_its_tensors_and_frees_them()
    {
        var before = Tensor.TotalCount;
        QuantizedTensor quantized;
        using (NewDisposeScope())
        {
            quantized = QuantizedTensor.Quantize(randn(8, 64), new QuantizationOptions());
        }
        Assert.Equal(before + 4, Tensor.TotalCount);
        quantized.Dequantize(ScalarType.Float32).Dispose();
        quantized.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Two_threads_give_the_bits_of_one()
    {
        using var scope = NewDisposeScope();
        var source = randn([512, 1031], ScalarType.Float32);
        var threads = get_num_threads();
        set_num_threads(1);
        using var one = QuantizedTensor.Quantize(source, new QuantizationOptions());
        var first = one.Dequantize(ScalarType.BFloat16);
        try
        {
            set_num_threads(2);
            using var two = QuantizedTensor.Quantize(source, new QuantizationOptions());
            GoldenData.Equal(one.Packed, two.Packed, "packed");
            GoldenData.Equal(one.Absmax, two.Absmax, "absmax");
            GoldenData.Equal(first, two.Dequantize(ScalarType.BFloat16), "weights");
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void All_wrong_options_are_named_at_once()
    {
        var wrong = new QuantizationOptions { Type = (QuantizationType)7, BlockSize = 48, ComputeDtype = (QuantizedComputeDtype)9 };
        Assert.Equal(
            [
                "Type is 7: expected NF4, FP4.", "BlockSize is 48: expected a power of two from 32 to 4096.",
                "ComputeDtype is 9: expected Auto, Float32, BFloat16, Float16.",
            ],
            wrong.Validate());
        Assert.Empty(new QuantizationOptions().Validate());
        using var source = zeros(4);
        Assert.Contains("BlockSize is 48", Assert.Throws<ArgumentException>(() => QuantizedTensor.Quantize(source, wrong)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16), InlineData(8192), InlineData(65), InlineData(0), InlineData(-64)]
    public void A_block_size_is_a_power_of_two_in_range(int size) => Assert.Single(new QuantizationOptions { BlockSize = size }.Validate());

    [Fact]
    public void Other_dtypes_and_wrong_buffers_are_refused()
    {
        using var scope = NewDisposeScope();
        Refused("Weights of Float64", () => QuantizedTensor.Quantize(zeros([4], ScalarType.Float64), new QuantizationOptions()));
        Refused("Weights of Int32", () => QuantizedTensor.Quantize(zeros([4], ScalarType.Int32), new QuantizationOptions()));
        using var quantized = QuantizedTensor.Quantize(zeros(8, 8), new QuantizationOptions());
        Refused("The buffer has 63 elements, the weight 64.", () => quantized.Dequantize(zeros(63)));
        Refused("contiguous", () => quantized.Dequantize(zeros(8, 16).narrow(1, 0, 8)));
        Refused("Weights of Byte", () => quantized.Dequantize(zeros([64], ScalarType.Byte)));
    }

    [Fact]
    public void Parts_that_do_not_fit_together_are_refused()
    {
        using var scope = NewDisposeScope();
        var (packed, absmax, codes) = (zeros([64, 1], ScalarType.Byte), zeros(2), zeros([2], ScalarType.Byte));
        QuantizedTensor Make(Tensor p, Tensor a, NestedScales? nested = null, int block = 64, long count = 128, ScalarType dtype = ScalarType.BFloat16)
            => new(p, a, nested, QuantizationType.NF4, block, dtype, [count]);
        Make(packed, absmax);
        Make(packed, codes, new NestedScales(zeros(1), zeros(256), 0));
        Refused("Packed codes: Byte [64, 1] where Byte with 65 elements is expected.", () => Make(packed, absmax, count: 129));
        Refused("Scales: Float32 [2] where Float32 with 4 elements", () => Make(packed, absmax, block: 32));
        Refused("Scales: Byte [2] where Float32 with 2 elements", () => Make(packed, codes));
        Refused("Scales: Float32 [2] where Byte with 2 elements", () => Make(packed, absmax, new NestedScales(zeros(1), zeros(256), 0)));
        Refused("The nested map: Float32 [255]", () => Make(packed, codes, new NestedScales(zeros(1), zeros(255), 0)));
        Refused("Nested scales: Float32 [2] where Float32 with 1 elements", () => Make(packed, codes, new NestedScales(zeros(2), zeros(256), 0)));
        Refused("Nested block size 0", () => Make(packed, codes, new NestedScales(zeros(1), zeros(256), 0, 0)));
        Refused("Nested block size 100", () => Make(packed, codes, new NestedScales(zeros(1), zeros(256), 0, 100)));
        Refused("Block size 100", () => Make(packed, absmax, block: 100));
        Refused("Dtype Int64", () => Make(packed, absmax, dtype: ScalarType.Int64));
    }

    [Fact]
    public void A_source_that_is_not_finite_is_told()
    {
        foreach (var odd in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            using var scope = NewDisposeScope();
            var source = randn(9, 70);
            source[8, 69] = odd;
            EveryPath.Run(() =>
            {
                using var quantized = QuantizedTensor.Quantize(source, new QuantizationOptions());
                Assert.False(quantized.SourceIsFinite);
            });
        }
    }

    private static void Refused(string expected, Action action) => Assert.Contains(expected, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);
}
