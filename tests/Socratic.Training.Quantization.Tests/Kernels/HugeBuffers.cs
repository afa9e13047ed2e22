using System.Runtime.InteropServices;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>The last block of a grid over 2^33 weights, compared with a small launch over the same last weights: an index of 32 bits ends up elsewhere.</summary>
internal static class HugeBuffers
{
    private const long Huge = 1L << 33;
    private const int Tail = 8192;

    internal static void Check(ShimLibrary library)
    {
        var last = new ShimLauncher(library, 0) { OnlyLastBlock = true };
        var random = new Random(5);
        var values = Enumerable.Range(0, Tail).Select(_ => (float)((random.NextDouble() * 2) - 1)).ToArray();
        FourBits(library, last, Bits.Of(values, ScalarType.BFloat16));
        EightBits(library, last, values);
        Product(library, last, values);
    }

    private static void FourBits(ShimLibrary library, ShimLauncher last, byte[] values)
    {
        using var input = new SparseBuffer(Huge * 2);
        using var packed = new SparseBuffer(Huge / 2);
        using var absmax = new SparseBuffer(Huge / 64 * 4);
        using var output = new SparseBuffer(Huge * 2);
        values.CopyTo(input.End(values.Length));
        using var smallPacked = new NativeBuffer(Tail / 2);
        using var smallAbsmax = new NativeBuffer(Tail / 64 * 4);
        using var smallOutput = new NativeBuffer(Tail * 2);
        using var small = NativeBuffer.Of(values);
        var here = new ShimLauncher(library, 0);
        KernelCalls.Quantize(here, small.Pointer, ScalarType.BFloat16, Tail, 64, false, smallPacked.Pointer, smallAbsmax.Pointer);
        KernelCalls.Dequantize(here, new(smallPacked.Pointer, smallAbsmax.Pointer, 0, 0, 0, 0, 0, Tail, 64, false), ScalarType.BFloat16, smallOutput.Pointer);

        KernelCalls.Quantize(last, input.Pointer, ScalarType.BFloat16, Huge, 64, false, packed.Pointer, absmax.Pointer);
        Bits.Equal(smallPacked.Bytes[(Tail / 4)..], packed.End(Tail / 4), "codes at the end");
        Bits.Equal(smallAbsmax.Bytes[(Tail / 32)..], absmax.End(Tail / 32), "scales at the end");

        smallPacked.Bytes.CopyTo(packed.End(Tail / 2));
        smallAbsmax.Bytes.CopyTo(absmax.End(Tail / 16));
        KernelCalls.Dequantize(last, new(packed.Pointer, absmax.Pointer, 0, 0, 0, 0, 0, Huge, 64, false), ScalarType.BFloat16, output.Pointer);
        Bits.Equal(smallOutput.Bytes, output.End(Tail * 2), "values at the end");
    }

    private static void EightBits(ShimLibrary library, ShimLauncher last, float[] values)
    {
        using var map = NativeBuffer.Of<float>(Enumerable.Range(0, 256).Select(i => (i - 127) / 128f).ToArray());
        using var input = new SparseBuffer(Huge * 4);
        using var codes = new SparseBuffer(Huge);
        using var absmax = new SparseBuffer(Huge / 256 * 4);
        MemoryMarshal.AsBytes<float>(values).CopyTo(input.End(Tail * 4));
        using var small = NativeBuffer.Of<float>(values);
        using var smallCodes = new NativeBuffer(Tail);
        using var smallAbsmax = new NativeBuffer(Tail / 256 * 4);
        using var smallBack = new NativeBuffer(Tail * 4);
        var here = new ShimLauncher(library, 0);
        KernelCalls.Quantize8(here, small.Pointer, 0, map.Pointer, Tail, 256, smallCodes.Pointer, smallAbsmax.Pointer);
        KernelCalls.Dequantize8(here, smallCodes.Pointer, map.Pointer, smallAbsmax.Pointer, Tail, 256, ScalarType.Float32, smallBack.Pointer);

        KernelCalls.Quantize8(last, input.Pointer, 0, map.Pointer, Huge, 256, codes.Pointer, absmax.Pointer);
        Bits.Equal(smallCodes.Bytes[(Tail / 2)..], codes.End(Tail / 2), "8-bit codes at the end");
        Bits.Equal(smallAbsmax.Bytes[(Tail / 128)..], absmax.End(Tail / 128), "8-bit scales at the end");
        KernelCalls.Dequantize8(last, codes.Pointer, map.Pointer, absmax.Pointer, Huge, 256, ScalarType.Float32, input.Pointer);
        Bits.Equal(smallBack.Bytes[(Tail * 2)..], input.End(Tail * 2), "8-bit values at the end");

        // Moments take the last codes; the parameter is the input's end.
        var step = AdamW8Step.At(2, 1e-3, 0.9, 0.999, 1e-8, 0.01);
        using var state2 = new SparseBuffer(Huge);
        using var absmax2 = new SparseBuffer(Huge / 256 * 4);
        using var gradient = new SparseBuffer(Huge * 4);
        MemoryMarshal.AsBytes<float>(values).CopyTo(input.End(Tail * 4));
        MemoryMarshal.AsBytes<float>(values).CopyTo(gradient.End(Tail * 4));
        smallCodes.Bytes.CopyTo(codes.End(Tail));
        smallAbsmax.Bytes.CopyTo(absmax.End(Tail / 64));
        using var smallState2 = NativeBuffer.Of(new byte[Tail]);
        using var smallAbsmax2 = NativeBuffer.Of(new byte[Tail / 64]);
        using var smallGradient = NativeBuffer.Of<float>(values);
        KernelCalls.AdamW8(here, new(small.Pointer, smallGradient.Pointer, smallCodes.Pointer, smallAbsmax.Pointer, map.Pointer, smallState2.Pointer, smallAbsmax2.Pointer, map.Pointer), ScalarType.Float32, step, Tail);
        KernelCalls.AdamW8(last, new(input.Pointer, gradient.Pointer, codes.Pointer, absmax.Pointer, map.Pointer, state2.Pointer, absmax2.Pointer, map.Pointer), ScalarType.Float32, step, Huge);
        Bits.Equal(small.Bytes[^8192..], input.End(8192), "parameters at the end");
        Bits.Equal(smallCodes.Bytes[^2048..], codes.End(2048), "moments at the end");
        Bits.Equal(smallAbsmax2.Bytes[^32..], absmax2.End(32), "scales of moments at the end");
    }

    // 2^20 outputs of 2^13 inputs, nested scales; the last four outputs.
    private static void Product(ShimLibrary library, ShimLauncher last, float[] values)
    {
        using var packed = new SparseBuffer(Huge / 2);
        using var codes = new SparseBuffer(Huge / 64);
        using var nested = new SparseBuffer(Huge / 64 / 256 * 4);
        using var y = new SparseBuffer((Huge >> 13) * 4);
        using var map = NativeBuffer.Of<float>(Enumerable.Range(0, 256).Select(i => (i - 127) / 128f).ToArray());
        using var x = NativeBuffer.Of<float>(values);
        new Random(1).NextBytes(packed.End(Tail * 2));
        new Random(2).NextBytes(codes.End(Tail / 16));
        MemoryMarshal.AsBytes<float>([0.5f, 0.25f]).CopyTo(nested.End(8));
        using var smallPacked = NativeBuffer.Of(packed.End(Tail * 2));
        using var smallCodes = NativeBuffer.Of(codes.End(Tail / 16));
        using var smallNested = NativeBuffer.Of(nested.End(8));
        using var smallY = new NativeBuffer(16);
        KernelCalls.Product(new ShimLauncher(library, 0), new(smallPacked.Pointer, 0, smallCodes.Pointer, map.Pointer, smallNested.Pointer, 1, 256, Tail * 4, 64, false), ScalarType.Float32, x.Pointer, 0, smallY.Pointer, 1, 4, Tail);
        KernelCalls.Product(last, new(packed.Pointer, 0, codes.Pointer, map.Pointer, nested.Pointer, 1, 256, Huge, 64, false), ScalarType.Float32, x.Pointer, 0, y.Pointer, 1, (int)(Huge >> 13), Tail);
        Bits.Equal(smallY.Bytes, y.End(16), "products at the end");
    }
}
