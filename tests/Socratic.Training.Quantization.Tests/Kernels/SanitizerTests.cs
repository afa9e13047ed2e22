using Socratic.Training.Quantization.Tests.Kernels.Shim;

namespace Socratic.Training.Quantization.Tests.Kernels;

/// <summary>
/// Kernels built with AddressSanitizer and UndefinedBehaviorSanitizer, over buffers that end where they end. Each test runs itself in a process of its own, in which the
/// sanitizers are loaded before everything else, and reads what they say there.
/// </summary>
public sealed class SanitizerTests
{
    [Fact]
    public void NoKernelReadsOrWritesBesideItsBuffersOrDoesWhatIsUndefined()
    {
        if (Ran(() => ShimLibrary.Sanitized) is not { } result) return;
        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Matches("Total: 1, Errors: 0, Failed: 0", result.Output);
    }

    [Fact]
    public void AReadOnePastTheEndIsNoticed()
    {
        if (Ran(() => ShimLibrary.Altered("Common", "i < at + 16 && i < bytes; i++) ((u8*)staged)", "i < at + 16 && i <= bytes; i++) ((u8*)staged)", sanitize: true)) is { } result)
            Assert.Contains("AddressSanitizer: heap-buffer-overflow", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AShiftTooFarIsNoticed()
    {
        if (Ran(() => ShimLibrary.Altered("Common", "(word >> (8 * (i / 2)", "(word >> (32 + 8 * (i / 2)", sanitize: true)) is { } result)
            Assert.Contains("runtime error: shift exponent", result.Output, StringComparison.Ordinal);
    }

    /// <summary>In the process with the sanitizers, runs the kernels and gives null; outside, what that process said.</summary>
    private static (int ExitCode, string Output)? Ran(Func<ShimLibrary> library, [System.Runtime.CompilerServices.CallerMemberName] string test = "")
    {
        if (!Sanitizer.IsLoaded) return Sanitizer.Run($"*.{nameof(SanitizerTests)}.{test}");
        var built = library();
        foreach (var count in new[] { 1, 70, 4205, 8193 })
            foreach (var isMoved in new[] { false, true }) KernelOutputs.Of(new ShimLauncher(built, 2), count, isMoved);
        foreach (var type in Bits.Types) KernelShapeTests.Product(new ShimLauncher(built, 0), new Random(1), type, 32, 3, 65, 5);
        return null;
    }
}
