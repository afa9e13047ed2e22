using System.Text.RegularExpressions;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Tests.Kernels.Compiled;

/// <summary>What NVRTC makes of every kernel, without a GPU: it compiles, spills nothing, rounds as asked, and takes the arguments that C# packs.</summary>
public sealed partial class CompiledKernelTests
{
    public static TheoryData<string, int> ModulesAndArchitectures
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var module in KernelModule.All)
                foreach (var architecture in new[] { 75, 80, 89, 90 }) data.Add(module.Name, architecture);
            return data;
        }
    }

    [Theory, MemberData(nameof(ModulesAndArchitectures))]
    public void EveryKernelCompilesWithoutSpills(string module, int architecture)
    {
        var compiled = CompilerHere.Compile(Module(module), architecture);
        Assert.True(compiled.Cubin.AsSpan(0, 4).SequenceEqual("\u007fELF"u8));
        var resources = KernelResources.Read(compiled.Log);
        Assert.Equal(EntriesOf(module).Select(e => e.Name).Order(StringComparer.Ordinal), resources.Keys.Order(StringComparer.Ordinal));
        foreach (var entry in EntriesOf(module))
        {
            var taken = resources[entry.Name];
            Assert.True(taken is { Spills: 0, Stack: 0 }, $"{entry} on sm_{architecture}: {taken}");
            Assert.InRange(taken.Shared, 1, 48 * 1024);
            Assert.InRange(taken.Registers * entry.Threads, 1, 65536);
        }
    }

    [Theory, MemberData(nameof(ModulesAndArchitectures))]
    public void TheArithmeticRoundsAsWritten(string module, int architecture)
    {
        // The product alone sums with fma, which it names itself.
        Assert.Empty(new Ptx(CompilerHere.Compile(Module(module), architecture).Ptx).Inexact(allowsFma: module == KernelModule.Product.Name));
    }

    [Theory, MemberData(nameof(ModulesAndArchitectures))]
    public void ParametersAndThreadsAreWhatIsLaunched(string module, int architecture)
    {
        var ptx = new Ptx(CompilerHere.Compile(Module(module), architecture).Ptx);
        foreach (var entry in EntriesOf(module))
        {
            Assert.Equal(entry.Parameters.Replace('l', 'p'), ptx.Entries[entry.Name].Parameters);
            Assert.Equal(entry.Threads, ptx.Entries[entry.Name].Threads);
        }
    }

    [Fact]
    public void GlobalMemoryIsReadAndWrittenSixteenBytesAThread()
    {
        foreach (var module in new[] { KernelModule.Dequantize, KernelModule.Quantize, KernelModule.Blockwise8, KernelModule.AdamW8 })
        {
            foreach (var (name, entry) in new Ptx(CompilerHere.Compile(module, 80).Ptx).Entries)
            {
                Assert.True(Loads().IsMatch(entry.Body), $"{name} reads no 16 bytes at once");
                Assert.True(Stores().IsMatch(entry.Body), $"{name} writes no 16 bytes at once");
            }
        }
        foreach (var (name, entry) in new Ptx(CompilerHere.Compile(KernelModule.Product, 80).Ptx).Entries) Assert.True(Loads().IsMatch(entry.Body), $"{name} reads no 16 bytes at once");
    }

    [Theory]
    [InlineData(75, false)]
    [InlineData(80, true)]
    [InlineData(90, true)]
    public void BFloat16IsRoundedByTheGpuWhereItCan(int architecture, bool can)
        => Assert.Equal(can, new Ptx(CompilerHere.Compile(KernelModule.Dequantize, architecture).Ptx).Entries["dequantize_bf16"].Body.Contains("cvt.rn.bf16x2.f32", StringComparison.Ordinal));

    [Fact]
    public void AVirtualTargetGivesPtxAlone()
    {
        var compiled = CompilerHere.Compiler.Compile(KernelModule.Quantize.Name, KernelModule.Quantize.Source, $"compute_{CompilerHere.Compiler.Architectures[^1]}");
        Assert.Empty(compiled.Cubin);
        Assert.Equal(3, new Ptx(compiled.Ptx).Entries.Count);
    }

    [Fact]
    public void ARefusedSourceIsNamedWithItsLine()
    {
        var error = Assert.Throws<KernelCompilationException>(() => CompilerHere.Compiler.Compile("Broken", "#line 1 \"Broken.cu\"\nextern \"C\" __global__ void k() { nothing(); }", "sm_80"));
        Assert.Contains("Broken.cu(1)", error.Message, StringComparison.Ordinal);
        Assert.Contains("nothing", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fmaf(a[0], f, f)", "fma.rn.f32")]
    [InlineData("__fdividef(a[0], f)", "div.approx.f32")]
    [InlineData("__expf(f)", "ex2.approx")]
    public void ThePtxReaderSeesWhatMustNotBe(string expression, string instruction)
    {
        var source = $"extern \"C\" __global__ void __launch_bounds__(32) k(const float* a, float* b, long long n, int i, float f) {{ b[i] = {expression}; }}";
        var ptx = new Ptx(CompilerHere.Compiler.Compile("Bad", source, "sm_80").Ptx);
        Assert.Equal("pppif", ptx.Entries["k"].Parameters);
        Assert.Equal(32, ptx.Entries["k"].Threads);
        Assert.Contains(ptx.Inexact(allowsFma: false), i => i.StartsWith(instruction, StringComparison.Ordinal));
    }

    private static KernelModule Module(string name) => KernelModule.All.Single(m => m.Name == name);

    private static IEnumerable<KernelEntry> EntriesOf(string module) => KernelEntry.All.Where(e => e.Module.Name == module);

    [GeneratedRegex(@"ld\.global(\.nc)?\.v4\.[ufb]32")]
    private static partial Regex Loads();

    [GeneratedRegex(@"st\.global\.v4\.[ufb]32")]
    private static partial Regex Stores();
}
