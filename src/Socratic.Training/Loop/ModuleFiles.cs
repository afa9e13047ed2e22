using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>The weights of an ordinary module as one safetensors file: parameters and buffers by name, tied ones once.</summary>
internal static class ModuleFiles
{
    internal const string FileName = "model.safetensors";

    internal static void Save(nn.Module module, string directory)
        => SafetensorsWriter.Write(Path.Combine(directory, FileName), Tensors(module), new Dictionary<string, string> { ["format"] = "pt" });

    /// <exception cref="InvalidDataException">The file's names or shapes are not the module's; nothing was changed.</exception>
    internal static void Load(nn.Module module, string directory)
    {
        var path = Path.Combine(directory, FileName);
        using var file = SafetensorsFile.Open(path);
        var tensors = Tensors(module);
        foreach (var (name, tensor) in tensors)
        {
            if (!file.Tensors.TryGetValue(name, out var stored)) throw new InvalidDataException($"{path} has no tensor '{name}', which the module has.");
            if (!stored.Shape.SequenceEqual(tensor.shape))
                throw new InvalidDataException($"{path}: '{name}' has the shape [{string.Join(", ", stored.Shape)}], the module's has [{string.Join(", ", tensor.shape)}].");
        }
        var names = tensors.Select(t => t.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var name in file.Tensors.Keys)
            if (!names.Contains(name)) throw new InvalidDataException($"{path} has a tensor '{name}', which the module has not.");
        using var _ = no_grad();
        foreach (var (name, tensor) in tensors) file.ReadInto(name, tensor);
    }

    private static List<KeyValuePair<string, Tensor>> Tensors(nn.Module module)
    {
        var seen = new HashSet<IntPtr>();
        var all = new List<KeyValuePair<string, Tensor>>();
        foreach (var (name, parameter) in module.named_parameters()) Add(name, parameter);
        foreach (var (name, buffer) in module.named_buffers()) Add(name, buffer);
        return all;

        void Add(string name, Tensor tensor)
        {
            if (tensor.numel() == 0 || seen.Add(Native.TensorMemory.Pointer(tensor))) all.Add(new(name, tensor));
        }
    }
}
