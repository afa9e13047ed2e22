using Socratic.Testing.Golden;
using Socratic.Training.Quantization.Tests.Kernels.Shim;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>Tests of the tests: a mistake planted in a kernel is noticed by the check that is there for it.</summary>
public sealed class PlantedMistakeTests
{
    private const string Barrier = "    __syncthreads();\n";

    private static readonly Dictionary<int, List<byte[]>> Expected = [];

    [Theory]
    [InlineData("Dequantize")]
    [InlineData("Quantize")]
    [InlineData("Blockwise8")]
    [InlineData("AdamW8")]
    [InlineData("Product")]
    [InlineData("Common")]
    public void AMissingBarrier(string file) => Noticed(ShimLibrary.Altered(file, Barrier, ""), InEveryOrder);

    [Fact]
    public void ABarrierThatNotAllReach()
        => Noticed(ShimLibrary.Altered("Quantize", Barrier, "    if (thread < 256) __syncthreads();\n"), InEveryOrder);

    [Fact]
    public void ALaneThatLeavesBeforeAShuffle()
        => Noticed(ShimLibrary.Altered("AdamW8", "    if (first >= count) return;\n", "    if (first >= count || (thread & 31) == 31) return;\n"), InEveryOrder);

    [Theory]
    [InlineData("Common", "__fadd_rn(__fmul_rn(map[codes[block]], absmax2[block >> nested_shift]), offset)", "map[codes[block]] * absmax2[block >> nested_shift] + offset")]
    [InlineData("AdamW8", "__fadd_rn(__fmul_rn(old1, beta1), __fmul_rn(rest1, g[i]))", "old1 * beta1 + rest1 * g[i]")]
    public void AProductThatMayBeContracted(string file, string text, string replacement)
    {
        if (!ShimLibrary.CanContract) Assert.Skip("This processor has no fused multiply-add, so nothing contracts here.");
        Noticed(ShimLibrary.Altered(file, text, replacement, contract: true), InEveryOrder);
        // Where nothing contracts, nothing is wrong: it is the other build that notices.
        InEveryOrder(ShimLibrary.Altered(file, text, replacement));
    }

    [Theory]
    [InlineData("Dequantize", "(i64)blockIdx.x * 8192", "(u32)(blockIdx.x * 8192)")]
    [InlineData("Dequantize", "(first >> shift) + thread", "((u32)first >> shift) + thread")]
    [InlineData("Quantize", "(i64)blockIdx.x * 4096", "(u32)(blockIdx.x * 4096)")]
    [InlineData("Blockwise8", "(i64)blockIdx.x * 4096", "(u32)(blockIdx.x * 4096)")]
    [InlineData("AdamW8", "const i64 first = block * 256", "const i64 first = (u32)(block * 256)")]
    [InlineData("Product", "const i64 start = output * inputs", "const i64 start = (u32)(output * inputs)")]
    public void AnIndexOfThirtyTwoBits(string file, string text, string replacement) => Noticed(ShimLibrary.Altered(file, text, replacement), HugeBuffers.Check);

    [Theory]
    [InlineData("__fmul_rn(values[i], reciprocal)", "__fdiv_rn(values[i], largest)")]
    [InlineData("0xBF591CD9", "0xBF591CD8")]
    [InlineData("size > threshold[rank + step - 1]", "size >= threshold[rank + step - 1]")]
    [InlineData("x < 0.0f ? 8 : 0", "0")]
    [InlineData("empty ?", "empty && type > 1 ?")]
    public void AnotherRounding(string text, string replacement) => Noticed(ShimLibrary.Altered("Quantize", text, replacement), TheReference);

    [Theory]
    [InlineData("(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16", "(bits + 0x8000) >> 16")]
    [InlineData("(bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FFF : ", "")]
    public void AnotherRoundingToBFloat16(string text, string replacement) => Noticed(ShimLibrary.Altered("Numbers", text, replacement), TheReference);

    [Theory]
    [InlineData("Common", "i < at + 16 && i < bytes; i++) tile[i]", "i < at + 16 && i <= bytes; i++) tile[i]")]
    [InlineData("Common", "if (at + i < here) tile[at + i]", "if (at + i <= here) tile[at + i]")]
    public void AWriteOnePastTheEnd(string file, string text, string replacement) => Noticed(ShimLibrary.Altered(file, text, replacement), InEveryOrder);

    private static void Noticed(ShimLibrary library, Action<ShimLibrary> check) => Assert.ThrowsAny<Exception>(() => check(library));

    private static void InEveryOrder(ShimLibrary library)
    {
        foreach (var count in new[] { 70, 4205 })
        {
            if (!Expected.TryGetValue(count, out var expected)) Expected[count] = expected = KernelOutputs.Of(new ShimLauncher(ShimLibrary.Plain, 0), count, isMoved: false);
            for (var order = 0; order < 3; order++) KernelOutputs.Equal(expected, KernelOutputs.Of(new ShimLauncher(library, order), count, isMoved: false));
        }
    }

    private static void TheReference(ShimLibrary library)
    {
        var cases = GoldenRoot.Cases("nf4").Where(c => c.Kind == "quantize4").ToArray();
        if (cases.Length == 0) Assert.Skip("The reference's cases are not here.");
        foreach (var entry in cases) QuantizeGoldenTests.Check(new ShimLauncher(library, 0), entry);
        foreach (var entry in GoldenRoot.Cases("nf4").Where(c => c.Kind == "tables")) Blockwise8GoldenTests.CheckTables(new ShimLauncher(library, 0), entry);
    }
}
