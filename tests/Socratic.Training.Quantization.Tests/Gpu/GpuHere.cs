using System.Runtime.InteropServices;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Tests.Kernels.Shim;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Gpu;

/// <summary>This machine's first GPU, or a visible skip.</summary>
internal sealed unsafe partial class GpuHere : IKernelLauncher, IDisposable
{
    private const uint AttachGlobal = 1;

    private readonly KernelDevice kernels;

    private GpuHere(KernelDevice kernels) => this.kernels = kernels;

    /// <summary>True while a test runs on the GPU.</summary>
    internal static bool InUse { get; private set; }

    /// <summary>Buffers of tests lie in memory that the GPU sees too until this is disposed.</summary>
    internal static GpuHere Use()
    {
        Require();
        var kernels = KernelRuntime.Instance.Device(0);
        Assert.True(kernels is not null, "NVRTC was not found.");
        // Torch's first tensor makes the primary context this thread's.
        zeros([1], device: CUDA).Dispose();
        NativeBuffer.Shared = bytes =>
        {
            void* memory;
            Assert.Equal(0, AllocateManaged(&memory, bytes, AttachGlobal));
            return (nint)memory;
        };
        InUse = true;
        return new(kernels);
    }

    internal static void Require()
    {
        if (!cuda.is_available()) Assert.Skip("No GPU that torch can use here.");
    }

    public void Launch(KernelEntry entry, uint blocks, in KernelArguments arguments)
    {
        kernels.Launch(entry, blocks, arguments);
        cuda.synchronize();
    }

    public void Dispose()
    {
        NativeBuffer.Shared = null;
        InUse = false;
    }

    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemAllocManaged")]
    private static partial int AllocateManaged(void** memory, nuint bytes, uint flags);
}
