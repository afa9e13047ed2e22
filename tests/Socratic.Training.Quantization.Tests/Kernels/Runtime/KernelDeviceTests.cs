using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Native;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Kernels.Runtime;

/// <summary>What the driver is asked, in which order, and what happens when it refuses.</summary>
public sealed class KernelDeviceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("socratic-kernels-").FullName;
    private readonly RecordingDriver driver = new();
    private readonly RecordingCompiler compiler = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void TheFirstLaunchLoadsTheModuleInTheContextAndLaunchesOnTorchsStream()
    {
        Dequantize(Open(3), 8193);
        Assert.Equal(["Device(3)", "Capability(43)", "RetainPrimaryContext(43)", "Push(543)", "LoadModule(Dequantize sm_90 #1)", "Function(1000, dequantize_bf16)", "Launch(dequantize_bf16, 2, 256, stream 7003)", "Pop()"], driver.Calls);
    }

    [Fact]
    public void LaterLaunchesOnlyLaunch()
    {
        var device = Open(0);
        Dequantize(device, 1);
        driver.Calls.Clear();
        Dequantize(device, 8192);
        Assert.Equal(["Push(540)", "Launch(dequantize_bf16, 1, 256, stream 7000)", "Pop()"], driver.Calls);
    }

    [Fact]
    public void AModuleIsLoadedOnceForAllItsKernels()
    {
        var device = Open(0);
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 }) KernelCalls.Dequantize(device, Weight(64), type, 1);
        Assert.Single(driver.Calls, c => c.StartsWith("LoadModule", StringComparison.Ordinal));
        Assert.Equal(["Dequantize sm_90"], compiler.Compiled);
    }

    [Fact]
    public void ArgumentsArriveInTheKernelsOrder()
    {
        KernelCalls.Dequantize(Open(0), new(11, 0, 12, 13, 14, 0.5f, 256, 4097, 128, true), ScalarType.Float32, 15);
        Assert.Equal([11, 0, 12, 13, 14, BitConverter.SingleToUInt32Bits(0.5f), 8, 15, 4097, 7, 1], driver.Arguments);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4096, 1)]
    [InlineData(4097, 2)]
    [InlineData(1L << 33, 1 << 21)]
    public void TheGridCoversTheTensor(long count, int blocks)
    {
        KernelCalls.Quantize(Open(0), 1, ScalarType.Float32, count, 64, false, 2, 3);
        Assert.Contains($"Launch(quantize_f32, {blocks}, 1024, stream 7000)", driver.Calls);
        KernelCalls.Product(Open(0), Weight(64L * 9), ScalarType.Float16, 1, 0, 2, 5, 9, 64);
        Assert.Contains("Launch(product_f16_16, 3, 128, stream 7000)", driver.Calls);
        KernelCalls.AdamW8(Open(0), default, ScalarType.BFloat16, default, count);
        Assert.Contains($"Launch(adamw8_bf16, {(count + 2047) / 2048}, 256, stream 7000)", driver.Calls);
    }

    [Theory]
    [InlineData("Device")]
    [InlineData("Capability")]
    [InlineData("RetainPrimaryContext")]
    public void AnErrorWhileOpeningIsTheDriversOwnAndTheNextTryOpensAgain(string call)
    {
        driver.Failures[call] = 1;
        var runtime = Runtime();
        Assert.Contains($"cu{call} failed", Assert.Throws<CudaDriverException>(() => runtime.Device(0)).Message, StringComparison.Ordinal);
        Assert.NotNull(runtime.Device(0));
    }

    [Theory]
    [InlineData("Push", 1, 0)]
    [InlineData("LoadModule", 1, 1)]
    [InlineData("Function", 1, 1)]
    [InlineData("Launch", 1, 1)]
    [InlineData("Pop", 1, 1)]
    public void AnErrorWhileLaunchingLeavesNoContextBehind(string call, int failures, int pops)
    {
        var device = Open(0);
        driver.Failures[call] = failures;
        Assert.Contains($"cu{call} failed", Assert.Throws<CudaDriverException>(() => Dequantize(device, 1)).Message, StringComparison.Ordinal);
        Assert.Equal(pops, driver.Calls.Count(c => c == "Pop()"));
        Assert.Equal(0, driver.Depth);
        Dequantize(device, 1);
        Assert.Equal(0, driver.Depth);
    }

    [Fact]
    public void TheFirstErrorIsTheOneThatIsTold()
    {
        var device = Open(0);
        driver.Failures["Launch"] = driver.Failures["Pop"] = 1;
        Assert.Contains("cuLaunch failed", Assert.Throws<CudaDriverException>(() => Dequantize(device, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherProcessFindsTheCompiledKernels()
    {
        Dequantize(Open(0), 1);
        Dequantize(Open(0), 1);
        Assert.Equal(["Dequantize sm_90"], compiler.Compiled);
        Assert.Equal(2, driver.Calls.Count(c => c == "LoadModule(Dequantize sm_90 #1)"));
    }

    [Fact]
    public void AStoredModuleThatTheDriverRefusesIsCompiledAgain()
    {
        Dequantize(Open(0), 1);
        driver.Failures["LoadModule"] = 1;
        Dequantize(Open(0), 1);
        Assert.Equal(["LoadModule(Dequantize sm_90 #1)", "LoadModule(Dequantize sm_90 #1)", "LoadModule(Dequantize sm_90 #2)"], driver.Calls.Where(c => c.StartsWith("LoadModule", StringComparison.Ordinal)));
        Dequantize(Open(0), 1);
        Assert.Equal("LoadModule(Dequantize sm_90 #2)", driver.Calls.Last(c => c.StartsWith("LoadModule", StringComparison.Ordinal)));
    }

    [Fact]
    public void LaunchesFromSeveralThreadsLoadOnce()
    {
        // Each launch checks its own depth; the recorder is not made for threads, so they take turns.
        var device = Open(0);
        foreach (var _ in Enumerable.Range(0, 4))
        {
            var thread = new Thread(() => Dequantize(device, 1));
            thread.Start();
            thread.Join();
        }
        Assert.Single(driver.Calls, c => c.StartsWith("Function", StringComparison.Ordinal));
        Assert.Equal(4, driver.Calls.Count(c => c.StartsWith("Push", StringComparison.Ordinal)));
    }

    private KernelRuntime Runtime() => new(LibraryFiles.Instance, () => driver, _ => compiler, new KernelCache(folder), device => 7000 + device);

    private KernelDevice Open(int ordinal) => Runtime().Device(ordinal)!;

    private static void Dequantize(KernelDevice device, long count) => KernelCalls.Dequantize(device, Weight(count), ScalarType.BFloat16, 1);

    private static FourBitPointers Weight(long count) => new(1, 2, 0, 0, 0, 0, 0, count, 64, false);
}
