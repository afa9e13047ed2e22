using Socratic.Training.Quantization.Tests.Kernels.Shim;

namespace Socratic.Training.Quantization.Tests.Kernels;

public sealed class SanitizerTests
{
    [Fact]
    public void NoKernelReadsOrWritesBesideItsBuffersOrDoesWhatIsUndefined()
    {
        var (code, output) = Sanitizer.Run(nameof(SanitizedKernels.AsTheyAre));
        Assert.True(code == 0, output);
        Assert.Matches("Total: 1, Errors: 0, Failed: 0", output);
    }
}
