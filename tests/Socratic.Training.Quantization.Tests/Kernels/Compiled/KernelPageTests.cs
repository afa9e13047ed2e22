using Socratic.Testing;

namespace Socratic.Training.Quantization.Tests.Kernels.Compiled;

/// <summary>The page about the kernels is what the compiler says of today's sources.</summary>
public sealed class KernelPageTests
{
    [Fact]
    public void ThePageIsWhatTheCompilerSays()
    {
        var path = Path.Combine(RepositoryRoot.Path, "docs", "kernels.md");
        var written = KernelPage.Write();
        // eng/kernel-table.sh sets it.
        if (Environment.GetEnvironmentVariable("SOCRATIC_WRITE_KERNEL_PAGE") == "1") File.WriteAllText(path, written);
        var stored = File.ReadAllText(path);
        if (!stored.Contains($"(NVRTC {CompilerHere.Compiler.Version})", StringComparison.Ordinal)) Assert.Skip($"The page was made with another compiler than NVRTC {CompilerHere.Compiler.Version}, which counts registers in its own way.");
        Assert.Equal(stored, written);
    }
}
