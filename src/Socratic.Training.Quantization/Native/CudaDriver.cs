using System.Runtime.InteropServices;
using System.Text;

namespace Socratic.Training.Quantization.Native;

/// <summary>The CUDA driver's C interface.</summary>
internal sealed unsafe class CudaDriver : ICudaDriver
{
    private const int CapabilityMajor = 75, CapabilityMinor = 76;

    private readonly nint library;
    private readonly delegate* unmanaged<nint, int> push;
    private readonly delegate* unmanaged<nint*, int> pop;
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> launch;

    private CudaDriver(nint library)
    {
        this.library = library;
        push = (delegate* unmanaged<nint, int>)Export("cuCtxPushCurrent_v2");
        pop = (delegate* unmanaged<nint*, int>)Export("cuCtxPopCurrent_v2");
        launch = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Export("cuLaunchKernel");
        Check(((delegate* unmanaged<uint, int>)Export("cuInit"))(0), "cuInit");
    }

    /// <exception cref="CudaDriverException">No driver can be used; the message lists each library tried and why it would not do.</exception>
    internal static CudaDriver Load(ILibraryFiles files)
    {
        var search = new LibrarySearch(files);
        foreach (var name in files.IsWindows ? new[] { "nvcuda.dll" } : ["libcuda.so.1", "libcuda.so"])
        {
            var handle = search.TryLoad(name);
            if (handle == 0) continue;
            try
            {
                return new CudaDriver(handle);
            }
            catch (Exception e) when (e is EntryPointNotFoundException or CudaDriverException)
            {
                search.Reject(name, e.Message);
            }
        }
        throw new CudaDriverException($"NVIDIA's driver cannot be used: {search.Attempts}");
    }

    public int Device(int ordinal)
    {
        int device;
        Check(((delegate* unmanaged<int*, int, int>)Export("cuDeviceGet"))(&device, ordinal), "cuDeviceGet");
        return device;
    }

    public int Capability(int device)
    {
        var attribute = (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");
        int major, minor;
        Check(attribute(&major, CapabilityMajor, device), "cuDeviceGetAttribute");
        Check(attribute(&minor, CapabilityMinor, device), "cuDeviceGetAttribute");
        return (major * 10) + minor;
    }

    public nint RetainPrimaryContext(int device)
    {
        nint context;
        Check(((delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain"))(&context, device), "cuDevicePrimaryCtxRetain");
        return context;
    }

    public void Push(nint context) => Check(push(context), "cuCtxPushCurrent");

    public void Pop()
    {
        nint context;
        Check(pop(&context), "cuCtxPopCurrent");
    }

    public nint LoadModule(ReadOnlySpan<byte> image)
    {
        nint module;
        // PTX must end in a NUL, which NVRTC's does; a cubin carries its own length.
        fixed (byte* first = image) Check(((delegate* unmanaged<nint*, void*, int>)Export("cuModuleLoadData"))(&module, first), "cuModuleLoadData");
        return module;
    }

    public nint Function(nint module, string name)
    {
        nint function;
        fixed (byte* text = Encoding.ASCII.GetBytes(name + '\0')) Check(((delegate* unmanaged<nint*, nint, byte*, int>)Export("cuModuleGetFunction"))(&function, module, text), $"cuModuleGetFunction({name})");
        return function;
    }

    public void Launch(nint function, uint blocks, uint threads, nint stream, ReadOnlySpan<ulong> arguments)
    {
        var addresses = stackalloc void*[arguments.Length];
        fixed (ulong* first = arguments)
        {
            for (var i = 0; i < arguments.Length; i++) addresses[i] = first + i;
            Check(launch(function, blocks, 1, 1, threads, 1, 1, 0, stream, addresses, null), "cuLaunchKernel");
        }
    }

    private void Check(int code, string function)
    {
        if (code != 0) throw new CudaDriverException($"{function} failed: {Text("cuGetErrorName", code)} ({Text("cuGetErrorString", code)}).");
    }

    private string Text(string function, int code)
    {
        byte* text = null;
        ((delegate* unmanaged<int, byte**, int>)Export(function))(code, &text);
        return Marshal.PtrToStringUTF8((nint)text) ?? $"error {code}";
    }

    private nint Export(string name) => NativeLibrary.GetExport(library, name);
}
