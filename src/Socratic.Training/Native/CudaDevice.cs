using System.Runtime.InteropServices;

namespace Socratic.Training.Native;

/// <summary>What the NVIDIA driver says of a GPU.</summary>
internal static unsafe class CudaDevice
{
    private const int MajorOfCapability = 75;
    private const int FirstWithBFloat16 = 8;

    /// <summary>True from compute capability 8.0 on; true too where the driver does not answer, for such a GPU would be very old.</summary>
    public static bool MultipliesBFloat16(int index)
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", typeof(CudaDevice).Assembly, null, out var driver)
            || !NativeLibrary.TryGetExport(driver, "cuInit", out var start) || !NativeLibrary.TryGetExport(driver, "cuDeviceGetAttribute", out var ask)) return true;
        var major = 0;
        return ((delegate* unmanaged<uint, int>)start)(0) != 0
            || ((delegate* unmanaged<int*, int, int, int>)ask)(&major, MajorOfCapability, index) != 0
            || major >= FirstWithBFloat16;
    }
}
