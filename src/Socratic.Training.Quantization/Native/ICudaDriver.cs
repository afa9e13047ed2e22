namespace Socratic.Training.Quantization.Native;

/// <summary>The functions of the CUDA driver that launching takes, one method each; a seam for tests.</summary>
/// <remarks>Each throws <see cref="CudaDriverException"/> when the driver returns an error.</remarks>
internal interface ICudaDriver
{
    /// <summary>cuDeviceGet.</summary>
    int Device(int ordinal);

    /// <summary>cuDeviceGetAttribute, twice: 90 stands for compute capability 9.0.</summary>
    int Capability(int device);

    /// <summary>cuDevicePrimaryCtxRetain: the context that torch uses.</summary>
    nint RetainPrimaryContext(int device);

    /// <summary>cuCtxPushCurrent: a thread of a pool may have no context.</summary>
    void Push(nint context);

    /// <summary>cuCtxPopCurrent.</summary>
    void Pop();

    /// <summary>cuModuleLoadData: a cubin, or PTX that the driver compiles.</summary>
    nint LoadModule(ReadOnlySpan<byte> image);

    /// <summary>cuModuleGetFunction.</summary>
    nint Function(nint module, string name);

    /// <summary>cuLaunchKernel, in one dimension; each argument in eight bytes.</summary>
    void Launch(nint function, uint blocks, uint threads, nint stream, ReadOnlySpan<ulong> arguments);
}

/// <summary>The driver refused, or cannot be used at all.</summary>
internal sealed class CudaDriverException(string message) : InvalidOperationException(message);
