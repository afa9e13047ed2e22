using Socratic.Training.Quantization.Native;
using Socratic.Training.Quantization.Tests.Kernels.Shim;

namespace Socratic.Training.Quantization.Tests.Kernels.Runtime;

/// <summary>Writes down what it is asked, fails where it is told to, and can let the CPU do what a launch asks for.</summary>
internal sealed unsafe class RecordingDriver : ICudaDriver
{
    private readonly Dictionary<nint, string> names = [];
    private int depth;
    private nint handles = 1000;

    internal List<string> Calls { get; } = [];

    /// <summary>The arguments of the last launch.</summary>
    internal ulong[] Arguments { get; private set; } = [];

    internal int CapabilityOfDevice { get; init; } = 90;

    /// <summary>Names of calls that fail, and how often.</summary>
    internal Dictionary<string, int> Failures { get; } = [];

    internal ShimLibrary? Cpu { get; init; }

    /// <summary>Contexts pushed and not popped.</summary>
    internal int Depth => depth;

    public int Device(int ordinal) => Note("Device", $"{ordinal}", ordinal + 40);

    public int Capability(int device) => Note("Capability", $"{device}", CapabilityOfDevice);

    public nint RetainPrimaryContext(int device) => Note("RetainPrimaryContext", $"{device}", device + 500);

    public void Push(nint context)
    {
        Note("Push", $"{context}", 0);
        depth++;
    }

    public void Pop()
    {
        depth--;
        Note("Pop", "", 0);
    }

    public nint LoadModule(ReadOnlySpan<byte> image) => Note("LoadModule", System.Text.Encoding.UTF8.GetString(image), handles++);

    public nint Function(nint module, string name)
    {
        var function = Note("Function", $"{module}, {name}", handles++);
        names[function] = name;
        return function;
    }

    public void Launch(nint function, uint blocks, uint threads, nint stream, ReadOnlySpan<ulong> arguments)
    {
        Note("Launch", $"{names[function]}, {blocks}, {threads}, stream {stream}", 0);
        Assert.Equal(1, depth);
        Arguments = arguments.ToArray();
        if (Cpu is null) return;
        fixed (ulong* values = arguments)
        {
            var addresses = stackalloc void*[arguments.Length];
            for (var i = 0; i < arguments.Length; i++) addresses[i] = values + i;
            Assert.Null(Cpu.Launch(names[function], (int)threads, 0, blocks, 0, addresses));
        }
    }

    private T Note<T>(string call, string arguments, T result)
    {
        Calls.Add($"{call}({arguments})");
        if (!Failures.TryGetValue(call, out var left) || left == 0) return result;
        Failures[call] = left - 1;
        throw new CudaDriverException($"cu{call} failed: CUDA_ERROR_TEST (told to).");
    }
}
