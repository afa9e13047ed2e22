using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Socratic.Training.Quantization.Kernels;

namespace Socratic.Training.Quantization.Tests.Kernels.Shim;

/// <summary>The product's kernel sources, compiled for the CPU by g++ together with <c>shim.h</c>.</summary>
internal sealed unsafe class ShimLibrary
{
    // Plain: every operation rounds by itself. Contracted: the compiler may fuse whatever the kernels do not forbid it to.
    private static readonly string[] PlainFlags = ["-O2", "-ffp-contract=off"], AlteredFlags = ["-O1", "-ffp-contract=off"], ContractedFlags = ["-O2", "-mfma", "-ffp-contract=fast"];
    private static readonly string[] SanitizerFlags = ["-O1", "-ffp-contract=off", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];

    private static readonly Lazy<ShimLibrary> LazyPlain = new(() => Build(PlainFlags)), LazyContracted = new(() => Build(ContractedFlags)), LazySanitized = new(() => Build(SanitizerFlags));

    private readonly delegate* unmanaged<byte*, uint, ulong, ulong, int, void**, byte*> launch;

    private ShimLibrary(nint library) => launch = (delegate* unmanaged<byte*, uint, ulong, ulong, int, void**, byte*>)NativeLibrary.GetExport(library, "shim_launch");

    /// <summary>Why kernels cannot run here on the CPU, in one line, or null.</summary>
    internal static string? Missing { get; } = !OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 ? "The kernels run on the CPU on x86-64 Linux only."
        : Run("g++", "--version").ExitCode != 0 ? "No g++ here: the CUDA kernels cannot be run on the CPU." : null;

    internal static bool CanContract => Fma.IsSupported;

    internal static ShimLibrary Plain => Ready(LazyPlain);

    internal static ShimLibrary Contracted => Ready(LazyContracted);

    internal static ShimLibrary Sanitized => Ready(LazySanitized);

    /// <summary>A library of sources in which one text is replaced by another, everywhere in one file.</summary>
    internal static ShimLibrary Altered(string file, string text, string replacement, bool contract = false, bool sanitize = false)
    {
        if (Missing is { } reason) Assert.Skip(reason);
        var original = KernelModule.Part(file);
        Assert.Contains(text, original, StringComparison.Ordinal);
        return Build(sanitize ? SanitizerFlags : contract ? ContractedFlags : AlteredFlags, file, original.Replace(text, replacement, StringComparison.Ordinal));
    }

    internal string? Launch(string name, int threads, ulong first, ulong last, int order, void** arguments)
    {
        fixed (byte* utf8 = System.Text.Encoding.UTF8.GetBytes(name + "\0"))
            return Marshal.PtrToStringUTF8((nint)launch(utf8, (uint)threads, first, last, order, arguments));
    }

    internal static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.Result);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }

    private static ShimLibrary Ready(Lazy<ShimLibrary> library)
    {
        if (Missing is { } reason) Assert.Skip(reason);
        return library.Value;
    }

    private static ShimLibrary Build(string[] flags, string? altered = null, string text = "")
    {
        var folder = Directory.CreateTempSubdirectory("socratic-shim-").FullName;
        try
        {
            var parts = new[] { "Numbers", "Common" }.Concat(KernelModule.All.Select(m => m.Name)).Select(name => name == altered ? text : KernelModule.Part(name));
            var entries = string.Concat(KernelEntry.All.Select(e => $"ENTRY({e.Name}), "));
            var source = Path.Combine(folder, "kernels.cpp");
            File.WriteAllText(source, $"#include \"shim.h\"\n{string.Concat(parts)}\nconst Entry entries[] = {{ {entries} {{ nullptr, nullptr }} }};\n");
            var library = Path.Combine(folder, "kernels.so");
            // No unique symbols: several builds live in one process, and none may use another's statics.
            var (code, output) = Run("g++", [.. flags, "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-fno-strict-aliasing",
                "-Wall", "-Werror", "-Wno-unknown-pragmas", "-I", Path.Combine(AppContext.BaseDirectory, "Kernels", "Shim"), source, "-o", library]);
            Assert.True(code == 0, $"g++ failed:\n{output}");
            return new ShimLibrary(NativeLibrary.Load(library));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
