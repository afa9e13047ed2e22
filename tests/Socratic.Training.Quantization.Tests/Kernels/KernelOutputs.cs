using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>What every kernel writes for one number of elements, for comparing ways of running them.</summary>
internal static class KernelOutputs
{
    /// <param name="launcher">Runs them.</param>
    /// <param name="count">How many elements.</param>
    /// <param name="isMoved">Whether buffers begin one element past an aligned address.</param>
    internal static List<byte[]> Of(IKernelLauncher launcher, int count, bool isMoved)
    {
        var values = Floats(new Random(count), count);
        var outputs = new List<byte[]>();
        foreach (var type in Bits.Types)
            foreach (var block in new[] { 32, 64, 4096 }) FourBits(launcher, outputs, values, type, block, isMoved ? Bits.Size(type) : 0);
        EightBits(launcher, outputs, values, isMoved ? 4 : 0);
        Product(launcher, outputs, values, isMoved);
        return outputs;
    }

    internal static void Equal(List<byte[]> expected, List<byte[]> actual)
    {
        for (var i = 0; i < expected.Count; i++) Bits.Equal(expected[i], actual[i], $"output {i}");
    }

    internal static float[] Floats(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];

    private static void FourBits(IKernelLauncher launcher, List<byte[]> outputs, float[] values, ScalarType type, int block, int shift)
    {
        var blocks = (values.Length + block - 1) / block;
        using var input = NativeBuffer.Of(Bits.Of(values, type), shift);
        using var packed = new NativeBuffer((values.Length + 1) / 2, shift);
        using var absmax = new NativeBuffer(blocks * 4, shift * 4 / Bits.Size(type));
        using var back = new NativeBuffer(values.Length * Bits.Size(type), shift);
        KernelCalls.Quantize(launcher, input.Pointer, type, values.Length, block, false, packed.Pointer, absmax.Pointer);
        KernelCalls.Dequantize(launcher, new(packed.Pointer, absmax.Pointer, 0, 0, 0, 0, 0, values.Length, block, false), type, back.Pointer);
        outputs.AddRange([packed.Bytes.ToArray(), absmax.Bytes.ToArray(), back.Bytes.ToArray()]);

        using var map = Map(0);
        using var codes = new NativeBuffer(blocks);
        using var nested = new NativeBuffer((blocks + 255) / 256 * 4);
        KernelCalls.Quantize8(launcher, absmax.Pointer, 0.7f, map.Pointer, blocks, 256, codes.Pointer, nested.Pointer);
        KernelCalls.Dequantize(launcher, new(packed.Pointer, 0, codes.Pointer, map.Pointer, nested.Pointer, 0.7f, 256, values.Length, block, false), type, back.Pointer);
        outputs.AddRange([codes.Bytes.ToArray(), nested.Bytes.ToArray(), back.Bytes.ToArray()]);
    }

    private static void EightBits(IKernelLauncher launcher, List<byte[]> outputs, float[] values, int shift)
    {
        using var map = Map(0);
        using var input = NativeBuffer.Of<float>(values, shift);
        foreach (var block in new[] { 4096, 256 })
        {
            using var codes = new NativeBuffer(values.Length, shift / 4);
            using var absmax = new NativeBuffer((values.Length + block - 1) / block * 4, shift);
            KernelCalls.Quantize8(launcher, input.Pointer, 0.01f, map.Pointer, values.Length, block, codes.Pointer, absmax.Pointer);
            outputs.AddRange([codes.Bytes.ToArray(), absmax.Bytes.ToArray()]);
            foreach (var type in Bits.Types)
            {
                using var back = new NativeBuffer(values.Length * Bits.Size(type), Bits.Size(type) * shift / 4);
                KernelCalls.Dequantize8(launcher, codes.Pointer, map.Pointer, absmax.Pointer, values.Length, block, type, back.Pointer);
                outputs.Add(back.Bytes.ToArray());
                if (block == 256) AdamW8(launcher, outputs, values, codes, absmax, type, shift);
            }
        }
    }

    // The moments take the codes just made.
    private static void AdamW8(IKernelLauncher launcher, List<byte[]> outputs, float[] values, NativeBuffer codes, NativeBuffer absmax, ScalarType type, int shift)
    {
        using var map1 = Map(0);
        using var map2 = Map(127);
        using var parameter = NativeBuffer.Of(Bits.Of(values, type), Bits.Size(type) * shift / 4);
        using var gradient = NativeBuffer.Of(Bits.Of(values.Select(v => v * 0.1f).ToArray(), type), Bits.Size(type) * shift / 4);
        using var state1 = NativeBuffer.Of(codes.Bytes, shift / 4);
        using var state2 = NativeBuffer.Of(codes.Bytes, shift / 2);
        using var absmax1 = NativeBuffer.Of(absmax.Bytes, shift);
        using var absmax2 = NativeBuffer.Of(absmax.Bytes, shift);
        KernelCalls.AdamW8(launcher, new(parameter.Pointer, gradient.Pointer, state1.Pointer, absmax1.Pointer, map1.Pointer, state2.Pointer, absmax2.Pointer, map2.Pointer), type,
            AdamW8Step.At(3, 1e-3, 0.9, 0.999, 1e-8, 0.01), values.Length);
        outputs.AddRange([parameter.Bytes.ToArray(), state1.Bytes.ToArray(), absmax1.Bytes.ToArray(), state2.Bytes.ToArray(), absmax2.Bytes.ToArray()]);
    }

    // One sum a row and output of at most 32 values, so that no order of adding shows: the aligned and the other way may add in their own.
    private static void Product(IKernelLauncher launcher, List<byte[]> outputs, float[] values, bool isMoved)
    {
        const int Outputs = 5, Inputs = 32, Rows = 2;
        using var packed = new NativeBuffer(Outputs * Inputs / 2, isMoved ? 1 : 0);
        new Random(3).NextBytes(packed.Bytes);
        using var absmax = NativeBuffer.Of<float>([1, 2, 3, 4, 5], isMoved ? 4 : 0);
        // A single value in each row.
        var x = new float[Rows * Inputs];
        for (var row = 0; row < Rows; row++) x[(row * Inputs) + (values.Length % Inputs)] = 1;
        foreach (var type in Bits.Types)
        {
            using var input = NativeBuffer.Of(Bits.Of(x, type), isMoved ? Bits.Size(type) : 0);
            using var y = new NativeBuffer(Rows * Outputs * Bits.Size(type), isMoved ? Bits.Size(type) : 0);
            KernelCalls.Product(launcher, new(packed.Pointer, absmax.Pointer, 0, 0, 0, 0, 0, Outputs * Inputs, 32, false), type, input.Pointer, 0, y.Pointer, Rows, Outputs, Inputs);
            outputs.Add(y.Bytes.ToArray());
        }
    }

    private static NativeBuffer Map(int lowest) => NativeBuffer.Of<float>(Enumerable.Range(0, 256).Select(i => (i - 127 + lowest) / 253f).ToArray());
}
