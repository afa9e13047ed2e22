using Socratic.Testing.Golden;
using Socratic.Training.Layers;
using Socratic.Training.Quantization.Tests.Codec;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests;

/// <summary>Reference tensors in the place of a checkpoint's, some of which a test may replace (null takes one away).</summary>
internal sealed class GoldenSource(GoldenTensors file) : ITensorSource
{
    private readonly Dictionary<string, Func<Tensor>?> replaced = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => [.. file.Names.Where(n => !replaced.ContainsKey(n)), .. replaced.Where(r => r.Value is not null).Select(r => r.Key)];

    public Func<Tensor>? this[string name]
    {
        set => replaced[name] = value;
    }

    public Tensor Read(string name)
        => !replaced.TryGetValue(name, out var made) ? GoldenData.Tensor(file, name) : made is null ? throw new KeyNotFoundException(name) : made();

    public string Locate(string name) => $"model.safetensors: 'layer.{name}'";
}
