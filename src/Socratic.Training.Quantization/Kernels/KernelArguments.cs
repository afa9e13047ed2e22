using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>The arguments of a launch, each in eight bytes of its own: cuLaunchKernel takes their addresses and reads as many bytes as the kernel declares.</summary>
internal struct KernelArguments
{
    private const int Most = 16;

    private Slots slots;

    [InlineArray(Most)]
    private struct Slots
    {
        private ulong first;
    }

    internal int Count { get; private set; }

    /// <summary>The kinds of the arguments so far, comparable with <see cref="KernelEntry.Kinds"/>.</summary>
    internal ulong Kinds { get; private set; }

    [UnscopedRef]
    internal readonly ReadOnlySpan<ulong> Values => ((ReadOnlySpan<ulong>)slots)[..Count];

    internal static ulong KindsOf(string parameters) => parameters.Aggregate(0UL, Append);

    internal void Add(nint pointer) => Add((ulong)pointer, 'p');

    internal void Add(long value) => Add((ulong)value, 'l');

    internal void Add(int value) => Add((uint)value, 'i');

    internal void Add(float value) => Add(BitConverter.SingleToUInt32Bits(value), 'f');

    private void Add(ulong bits, char kind)
    {
        slots[Count++] = bits;
        Kinds = Append(Kinds, kind);
    }

    // Two bits each behind a leading one, so that lists of different lengths differ.
    private static ulong Append(ulong kinds, char kind) => ((kinds == 0 ? 1 : kinds) << 2) | (kind switch { 'p' => 0UL, 'l' => 1UL, 'i' => 2UL, _ => 3UL });
}
