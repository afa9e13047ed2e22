namespace Socratic.Training.Quantization.Native;

/// <summary>CUDA C++ to machine code.</summary>
internal interface IKernelCompiler
{
    /// <summary>Such as 12.8.</summary>
    Version Version { get; }

    /// <summary>The architectures it makes code for, ascending: 75 stands for sm_75.</summary>
    IReadOnlyList<int> Architectures { get; }

    /// <summary>Compiles with exact arithmetic: nothing contracted, nothing flushed, correctly rounded quotients and roots.</summary>
    /// <param name="name">Names the source in messages.</param>
    /// <param name="source">CUDA C++.</param>
    /// <param name="target"><c>sm_80</c> for machine code, <c>compute_80</c> for PTX only.</param>
    /// <exception cref="KernelCompilationException">The compiler refuses; the message holds its log.</exception>
    CompiledKernels Compile(string name, string source, string target);
}

/// <summary>What a compilation gives. <c>Cubin</c> is empty for a virtual target.</summary>
internal sealed record CompiledKernels(byte[] Cubin, byte[] Ptx, string Log);

/// <summary>NVRTC refused a source.</summary>
internal sealed class KernelCompilationException(string message) : Exception(message);
