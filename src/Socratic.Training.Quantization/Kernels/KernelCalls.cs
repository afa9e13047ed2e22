using System.Numerics;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>One method a kernel: checks its numbers, packs its arguments, chooses its grid. Nothing is launched for no elements.</summary>
internal static class KernelCalls
{
    /// <summary>The most rows of x that the product takes.</summary>
    internal const int MostRows = 16;

    // Weights a block of threads takes; the kernels hold the same numbers.
    private const int DequantizeTile = 8192, QuantizeTile = 4096, AdamTile = 2048, ProductTile = 4;

    /// <summary>Writes <paramref name="weight"/>'s values as <paramref name="type"/> to <paramref name="output"/>.</summary>
    internal static void Dequantize(IKernelLauncher launcher, in FourBitPointers weight, ScalarType type, nint output)
    {
        var shift = BlockShift(weight.BlockSize);
        var arguments = new KernelArguments();
        weight.AddWeightTo(ref arguments);
        arguments.Add(output);
        arguments.Add(weight.Count);
        arguments.Add(shift);
        arguments.Add(weight.IsFp4 ? 1 : 0);
        Launch(launcher, KernelEntry.Dequantize(type), weight.Count, DequantizeTile, arguments);
    }

    /// <summary>Quantizes <paramref name="count"/> values of <paramref name="type"/>: codes to <paramref name="packed"/>, float32 scales to <paramref name="absmax"/>.</summary>
    internal static void Quantize(IKernelLauncher launcher, nint input, ScalarType type, long count, int blockSize, bool isFp4, nint packed, nint absmax)
    {
        var arguments = new KernelArguments();
        arguments.Add(input);
        arguments.Add(packed);
        arguments.Add(absmax);
        arguments.Add(count);
        arguments.Add(BlockShift(blockSize));
        arguments.Add(isFp4 ? 1 : 0);
        Launch(launcher, KernelEntry.Quantize(type), count, QuantizeTile, arguments);
    }

    /// <summary>Quantizes float32 values, less <paramref name="offset"/>, to the nearest of <paramref name="map"/>'s 256 values a block.</summary>
    internal static void Quantize8(IKernelLauncher launcher, nint input, float offset, nint map, long count, int blockSize, nint codes, nint absmax)
    {
        var arguments = new KernelArguments();
        arguments.Add(input);
        arguments.Add(offset);
        arguments.Add(map);
        arguments.Add(codes);
        arguments.Add(absmax);
        arguments.Add(count);
        arguments.Add(BlockShift(blockSize));
        Launch(launcher, KernelEntry.Quantize8, count, QuantizeTile, arguments);
    }

    /// <summary>Writes the values of 8-bit codes as <paramref name="type"/>.</summary>
    internal static void Dequantize8(IKernelLauncher launcher, nint codes, nint map, nint absmax, long count, int blockSize, ScalarType type, nint output)
    {
        var arguments = new KernelArguments();
        arguments.Add(codes);
        arguments.Add(map);
        arguments.Add(absmax);
        arguments.Add(output);
        arguments.Add(count);
        arguments.Add(BlockShift(blockSize));
        Launch(launcher, KernelEntry.Dequantize8(type), count, QuantizeTile, arguments);
    }

    /// <summary>One AdamW update in place: parameter, both moments' codes and scales. Parameter and gradient are of <paramref name="type"/>; the gradient is multiplied by <paramref name="scale"/> first.</summary>
    internal static void AdamW8(IKernelLauncher launcher, in AdamW8Pointers at, ScalarType type, in AdamW8Step step, long count, float scale = 1)
    {
        var arguments = new KernelArguments();
        arguments.Add(at.Parameter);
        arguments.Add(at.Gradient);
        arguments.Add(at.State1);
        arguments.Add(at.Absmax1);
        arguments.Add(at.Map1);
        arguments.Add(at.State2);
        arguments.Add(at.Absmax2);
        arguments.Add(at.Map2);
        arguments.Add(step.Beta1);
        arguments.Add(step.Beta2);
        arguments.Add(step.Size);
        arguments.Add(step.Epsilon);
        arguments.Add(step.Decay);
        arguments.Add(scale);
        arguments.Add(count);
        Launch(launcher, KernelEntry.AdamW8(type), count, AdamTile, arguments);
    }

    /// <summary>y [rows, outputs] = x [rows, inputs] times the transposed weight [outputs, inputs], plus bias [outputs] unless that is 0; all of <paramref name="type"/>, rows at most <see cref="MostRows"/>.</summary>
    internal static void Product(IKernelLauncher launcher, in FourBitPointers weight, ScalarType type, nint x, nint bias, nint y, int rows, int outputs, int inputs)
    {
        if (rows is < 0 or > MostRows) throw new ArgumentOutOfRangeException(nameof(rows), rows, $"The product takes at most {MostRows} rows.");
        if ((long)outputs * inputs != weight.Count) throw new ArgumentException($"A weight of {outputs} x {inputs} has not {weight.Count} values.", nameof(weight));
        if (rows == 0) return;
        var arguments = new KernelArguments();
        weight.AddWeightTo(ref arguments);
        arguments.Add(x);
        arguments.Add(bias);
        arguments.Add(y);
        arguments.Add(rows);
        arguments.Add(outputs);
        arguments.Add(inputs);
        arguments.Add(BlockShift(weight.BlockSize));
        arguments.Add(weight.IsFp4 ? 1 : 0);
        Launch(launcher, KernelEntry.Product(type, rows), outputs, ProductTile, arguments);
    }

    /// <summary>The binary logarithm of a size that must be a power of two.</summary>
    internal static int ShiftOf(int size, int least, int most)
        => size >= least && size <= most && BitOperations.IsPow2(size) ? BitOperations.Log2((uint)size)
            : throw new ArgumentOutOfRangeException(nameof(size), size, $"A block size is a power of two from {least} to {most}.");

    private static int BlockShift(int blockSize) => ShiftOf(blockSize, 32, 4096);

    private static void Launch(IKernelLauncher launcher, KernelEntry entry, long count, int tile, in KernelArguments arguments)
    {
        if (arguments.Kinds != entry.Kinds) throw new InvalidOperationException($"The arguments of {entry} are not of the kinds {entry.Parameters}.");
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > 0) launcher.Launch(entry, checked((uint)((count + tile - 1) / tile)), arguments);
    }
}
