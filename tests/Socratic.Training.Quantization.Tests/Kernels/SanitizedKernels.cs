using Socratic.Training.Quantization.Tests.Kernels.Shim;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>Run by <see cref="Sanitizer"/> in a process of its own: built with AddressSanitizer and UndefinedBehaviorSanitizer, over buffers that end where they end.</summary>
public sealed class SanitizedKernels
{
    [Fact(Explicit = true)]
    public void AsTheyAre() => Run(ShimLibrary.Sanitized);

    [Fact(Explicit = true)]
    public void WithAReadOnePastTheEnd() => Run(ShimLibrary.Altered("Common", "i < at + 16 && i < bytes; i++) ((u8*)staged)", "i < at + 16 && i <= bytes; i++) ((u8*)staged)", sanitize: true));

    [Fact(Explicit = true)]
    public void WithAShiftTooFar() => Run(ShimLibrary.Altered("Common", "(word >> (8 * (i / 2)", "(word >> (32 + 8 * (i / 2)", sanitize: true));

    private static void Run(ShimLibrary library)
    {
        foreach (var count in new[] { 1, 70, 4205, 8193 })
            foreach (var isMoved in new[] { false, true }) KernelOutputs.Of(new ShimLauncher(library, 2), count, isMoved);
        foreach (var type in Bits.Types) KernelShapeTests.Product(new ShimLauncher(library, 0), new Random(1), type, 32, 3, 65, 5);
    }
}
