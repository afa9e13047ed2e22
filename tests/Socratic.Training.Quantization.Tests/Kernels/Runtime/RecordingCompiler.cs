using System.Text;
using Socratic.Training.Quantization.Native;

namespace Socratic.Training.Quantization.Tests.Kernels.Runtime;

/// <summary>"Compiles" to the name, the target, and how often it was asked.</summary>
internal sealed class RecordingCompiler : IKernelCompiler
{
    internal List<string> Compiled { get; } = [];

    public Version Version { get; init; } = new(12, 8);

    public IReadOnlyList<int> Architectures { get; init; } = [50, 75, 80, 90];

    public CompiledKernels Compile(string name, string source, string target)
    {
        Compiled.Add($"{name} {target}");
        var image = Encoding.UTF8.GetBytes($"{name} {target} #{Compiled.Count}");
        return target.StartsWith("sm_", StringComparison.Ordinal) ? new(image, [], "") : new([], image, "");
    }
}
