using System.Diagnostics;

namespace Socratic.Training.Quantization.Tests.Kernels.Shim;

/// <summary>Runs a test of this program once more, in a process of its own, with AddressSanitizer loaded before everything else.</summary>
internal static class Sanitizer
{
    /// <summary>True in such a process.</summary>
    internal static bool IsLoaded { get; } = Environment.GetEnvironmentVariable("LD_PRELOAD")?.Contains("libasan", StringComparison.Ordinal) == true;

    internal static (int ExitCode, string Output) Run(string test)
    {
        if (ShimLibrary.Missing is { } reason) Assert.Skip(reason);
        var libraries = new[] { "libasan.so", "libubsan.so" }.Select(name => ShimLibrary.Run("g++", $"-print-file-name={name}").Output.Trim()).ToArray();
        if (!libraries.All(Path.IsPathRooted)) Assert.Skip("g++ came without its sanitizers.");
        var program = Path.Combine(AppContext.BaseDirectory, typeof(Sanitizer).Assembly.GetName().Name!);
        using var process = Process.Start(new ProcessStartInfo(program, ["-method", test])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
            Environment = { ["LD_PRELOAD"] = string.Join(':', libraries), ["ASAN_OPTIONS"] = "detect_leaks=0:handle_segv=0:handle_abort=0:use_sigaltstack=0" },
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
