using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>Holds a saved state against the state that an optimizer has.</summary>
internal static class StateCheck
{
    /// <exception cref="InvalidDataException">A tensor is missing, unknown, or has another shape or kind of numbers.</exception>
    internal static void Same(IReadOnlyDictionary<string, Tensor> own, IReadOnlyDictionary<string, Tensor> saved)
    {
        foreach (var (name, tensor) in own)
        {
            if (!saved.TryGetValue(name, out var other)) throw new InvalidDataException($"The optimizer's saved state has no '{name}'.");
            if (!tensor.shape.AsSpan().SequenceEqual(other.shape))
                throw new InvalidDataException($"The optimizer's saved '{name}' has shape [{string.Join(", ", other.shape)}]; expected [{string.Join(", ", tensor.shape)}].");
            if (tensor.dtype != other.dtype) throw new InvalidDataException($"The optimizer's saved '{name}' is {other.dtype}; expected {tensor.dtype}.");
        }
        var unknown = saved.Keys.FirstOrDefault(name => !own.ContainsKey(name));
        if (unknown is not null) throw new InvalidDataException($"The optimizer's saved state has '{unknown}', which this optimizer does not know.");
    }
}
