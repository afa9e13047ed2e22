namespace Socratic.Training.Quantization.Kernels;

/// <summary>What runs kernels: a GPU, or in tests the CPU.</summary>
internal interface IKernelLauncher
{
    /// <summary>Queues <paramref name="blocks"/> blocks of the kernel (one dimension, <see cref="KernelEntry.Threads"/> threads each).</summary>
    void Launch(KernelEntry entry, uint blocks, in KernelArguments arguments);
}
