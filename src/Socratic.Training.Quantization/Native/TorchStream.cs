using System.Runtime.InteropServices;

namespace Socratic.Training.Quantization.Native;

/// <summary>The stream that torch queues its work on: a kernel between two of torch's must be queued there too.</summary>
internal static unsafe class TorchStream
{
    // In torch's CUDA library, which is not there in CPU builds. A build without the function leaves the default stream, where TorchSharp works.
    private static readonly Lazy<nint> Getter = new(() =>
        NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "torch_cuda.dll" : "libtorch_cuda.so", typeof(TorchSharp.torch).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, "aoti_torch_get_current_cuda_stream", out var address) ? address : 0);

    /// <summary>A CUstream of the device; 0 is the default stream.</summary>
    internal static nint Current(int device)
    {
        if (Getter.Value == 0) return 0;
        void* stream;
        return ((delegate* unmanaged<int, void**, int>)Getter.Value)(device, &stream) == 0 ? (nint)stream : 0;
    }
}
