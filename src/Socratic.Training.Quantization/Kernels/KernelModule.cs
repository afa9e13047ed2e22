using System.Security.Cryptography;
using System.Text;

namespace Socratic.Training.Quantization.Kernels;

/// <summary>CUDA C++ that is compiled together: the parts every kernel needs, and one embedded file of kernels.</summary>
internal sealed class KernelModule
{
    internal static readonly KernelModule Dequantize = new("Dequantize");
    internal static readonly KernelModule Quantize = new("Quantize");
    internal static readonly KernelModule Blockwise8 = new("Blockwise8");
    internal static readonly KernelModule AdamW8 = new("AdamW8");
    internal static readonly KernelModule Product = new("Product");

    internal static readonly KernelModule[] All = [Dequantize, Quantize, Blockwise8, AdamW8, Product];

    private readonly Lazy<string> source;
    private readonly Lazy<string> hash;

    private KernelModule(string name)
    {
        Name = name;
        source = new(() => string.Concat(new[] { "Numbers", "Intrinsics", "Common", name }.Select(Part)));
        hash = new(() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source.Value))));
    }

    internal string Name { get; }

    internal string Source => source.Value;

    /// <summary>SHA-256 of the source, in hex.</summary>
    internal string Hash => hash.Value;

    /// <summary>The text of one embedded file, with a line directive that makes the compiler name it.</summary>
    internal static string Part(string name)
    {
        using var stream = typeof(KernelModule).Assembly.GetManifestResourceStream($"{name}.cu") ?? throw new InvalidOperationException($"{name}.cu is not embedded.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return $"#line 1 \"{name}.cu\"\n{reader.ReadToEnd()}\n";
    }

    public override string ToString() => Name;
}
