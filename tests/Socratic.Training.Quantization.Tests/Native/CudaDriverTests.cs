using System.Runtime.InteropServices;
using System.Text;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Native;
using Socratic.Training.Quantization.Tests.Kernels.Shim;

namespace Socratic.Training.Quantization.Tests.Native;

/// <summary>The driver's C interface, against a library that writes down what it is asked; and what is said where there is no driver.</summary>
public sealed unsafe class CudaDriverTests
{
    private static readonly Lazy<nint> Library = new(Build);

    [Fact]
    public void EachFunctionIsCalledAsTheDriverDeclaresIt()
    {
        var driver = Open("", 0);
        Assert.Equal(9, driver.Device(2));
        Assert.Equal(89, driver.Capability(9));
        Assert.Equal(0x7777, driver.RetainPrimaryContext(9));
        driver.Push(0x7777);
        Assert.Equal(0x1111, driver.LoadModule("an image\0"u8));
        Assert.Equal(0x2222, driver.Function(0x1111, "dequantize_bf16"));
        var arguments = new KernelArguments();
        arguments.Add((nint)0x1234);
        arguments.Add(1L << 40);
        arguments.Add(-3);
        arguments.Add(0.5f);
        driver.Launch(0x2222, 70000, 256, 0x5555, arguments.Values);
        driver.Pop();
        Assert.Equal(
            [
                "cuInit(0)", "cuDeviceGet(2)", "cuDeviceGetAttribute(75, 9)", "cuDeviceGetAttribute(76, 9)", "cuDevicePrimaryCtxRetain(9)", "cuCtxPushCurrent(0x7777)",
                "cuModuleLoadData(an image)", "cuModuleGetFunction(0x1111, dequantize_bf16)",
                "cuLaunchKernel(0x2222, 70000 1 1, 256 1 1, 0, 0x5555, 0x1234 1099511627776 -3 0.5, (nil))", "cuCtxPopCurrent()",
            ], Record());
    }

    [Theory]
    [InlineData("cuDeviceGet")]
    [InlineData("cuDeviceGetAttribute")]
    [InlineData("cuDevicePrimaryCtxRetain")]
    [InlineData("cuCtxPushCurrent")]
    [InlineData("cuModuleLoadData")]
    [InlineData("cuModuleGetFunction")]
    [InlineData("cuLaunchKernel")]
    [InlineData("cuCtxPopCurrent")]
    public void AnErrorNamesTheFunctionAndTheDriversWords(string function)
    {
        var driver = Open(function, 1);
        var arguments = new KernelArguments();
        for (var i = 0; i < 4; i++) arguments.Add((nint)0);
        var error = Assert.Throws<CudaDriverException>(() =>
        {
            driver.Device(0);
            driver.Capability(0);
            driver.RetainPrimaryContext(0);
            driver.Push(0);
            driver.LoadModule("\0"u8);
            driver.Function(0, "k");
            driver.Launch(0, 1, 1, 0, arguments.Values);
            driver.Pop();
        });
        Assert.StartsWith(function, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("failed: CUDA_ERROR_OTHER (other).", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADriverWithoutADeviceIsAnErrorThatSaysSo()
    {
        var error = Assert.Throws<CudaDriverException>(() => Open("cuInit", 100));
        Assert.StartsWith("NVIDIA's driver cannot be used: libcuda.so.1: cuInit failed: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected).", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "libcuda.so.1: not here; libcuda.so: not here")]
    [InlineData(true, "nvcuda.dll: not here")]
    public void WithoutADriverEachLibraryTriedIsListed(bool windows, string attempts)
        => Assert.Equal($"NVIDIA's driver cannot be used: {attempts}", Assert.Throws<CudaDriverException>(() => CudaDriver.Load(new FakeFiles { IsWindows = windows })).Message);

    [Fact]
    public void TorchsStreamIsTheDefaultOneWhereTorchHasNoCuda()
    {
        if (TorchSharp.torch.cuda.is_available()) Assert.Skip("Torch has CUDA here.");
        Assert.Equal(0, TorchStream.Current(0));
    }

    private static CudaDriver Open(string failing, int code)
    {
        var files = new FakeFiles { Real = "libcuda.so.1", Handle = Library.Value };
        fixed (byte* name = Encoding.ASCII.GetBytes(failing + '\0')) ((delegate* unmanaged<byte*, int, void>)NativeLibrary.GetExport(Library.Value, "fake_fail"))(name, code);
        return CudaDriver.Load(files);
    }

    private static string[] Record() => Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)NativeLibrary.GetExport(Library.Value, "fake_record"))())!.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static nint Build()
    {
        if (ShimLibrary.Missing is { } reason) Assert.Skip(reason);
        var folder = Directory.CreateTempSubdirectory("socratic-driver-").FullName;
        var library = Path.Combine(folder, "fake_cuda.so");
        var (code, output) = ShimLibrary.Run("g++", "-x", "c", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", Path.Combine(AppContext.BaseDirectory, "Native", "fake_cuda.c"), "-o", library);
        Assert.True(code == 0, output);
        var handle = NativeLibrary.Load(library);
        Directory.Delete(folder, recursive: true);
        return handle;
    }
}
