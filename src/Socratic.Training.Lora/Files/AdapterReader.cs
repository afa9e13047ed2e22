using Socratic.Training.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Files;

/// <summary>
/// Reads adapter_model.safetensors. PEFT is silent about missing, extra, integer and non-finite tensors; here each is an error, all told at once,
/// and nothing is handed out unless everything is right.
/// </summary>
internal static class AdapterReader
{
    public const string FileName = "adapter_model.safetensors";

    private const string Pickle = "adapter_model.bin";
    private const int Told = 10;

    /// <summary>The tensors in float32 on the CPU, in the order of <paramref name="specs"/>, null for an optional one that is not there; the caller owns them.</summary>
    /// <exception cref="FileNotFoundException">There is no such file in <paramref name="directory"/>.</exception>
    /// <exception cref="SafetensorsException">The file is not well formed.</exception>
    /// <exception cref="InvalidDataException">The file does not hold what the configuration says; the message names the file, the keys, what was found and expected.</exception>
    public static IReadOnlyList<Tensor?> Read(string directory, string adapter, IReadOnlyList<TensorSpec> specs)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path)) throw Missing(directory, path);
        using var file = SafetensorsFile.Open(path);
        var keys = Keys(file, adapter, specs);
        var problems = Problems(file, specs, keys).ToList();
        if (problems.Count > 0) throw Error(path, problems);
        return ReadAll(file, path, specs, keys);
    }

    private static FileNotFoundException Missing(string directory, string path) => File.Exists(Path.Combine(directory, Pickle))
        ? new($"'{directory}' holds {Pickle}, a pickle, which is never opened here because it can run any code; expected {FileName}. "
            + "Load the adapter in PEFT and save it again (save_pretrained writes safetensors).", path)
        : new($"There is no {FileName} in '{directory}'; expected the folder of a LoRA adapter as PEFT writes it.", path);

    /// <summary>The key each tensor has in the file, or null.</summary>
    private static List<string?> Keys(SafetensorsFile file, string adapter, IReadOnlyList<TensorSpec> specs)
        => [.. specs.Select(s => AdapterNames.OtherKeys(s.Path, s.Template, adapter).Prepend(s.FileKey).FirstOrDefault(file.Tensors.ContainsKey))];

    private static IEnumerable<string> Problems(SafetensorsFile file, IReadOnlyList<TensorSpec> specs, List<string?> keys)
    {
        var extra = file.Names.Except(keys.OfType<string>()).ToArray();
        for (var i = 0; i < specs.Count; i++)
        {
            if (keys[i] is not { } key)
            {
                if (!specs[i].IsOptional) yield return $"'{specs[i].FileKey}' is missing.";
            }
            else if (!file.Tensors[key].Dtype.StartsWith('F') && file.Tensors[key].Dtype != "BF16") yield return $"'{key}' is {file.Tensors[key].Dtype}; expected floating point.";
            else if (!file.Tensors[key].Shape.SequenceEqual(specs[i].Shape)) yield return $"'{key}' has shape {Show(file.Tensors[key].Shape)}; expected {Show(specs[i].Shape)}.";
        }
        foreach (var key in extra)
            yield return specs.Any(s => s.FileKey == AdapterNames.Prefix + key)
                ? $"'{key}' lacks '{AdapterNames.Prefix}' at its beginning."
                : $"'{key}' is not expected: no adapted module of this model and configuration has it.";
    }

    private static List<Tensor?> ReadAll(SafetensorsFile file, string path, IReadOnlyList<TensorSpec> specs, List<string?> keys)
    {
        var tensors = new List<Tensor?>();
        try
        {
            for (var i = 0; i < specs.Count; i++)
            {
                var tensor = keys[i] is null ? null : empty(specs[i].Shape.ToArray(), ScalarType.Float32).DetachFromDisposeScope();
                tensors.Add(tensor);
                if (tensor is not null) file.ReadInto(keys[i]!, tensor);
            }
            var broken = keys.Where((_, i) => tensors[i] is { } tensor && !IsFinite(tensor)).Select(k => $"'{k}' holds NaN or infinity; expected finite values.").ToList();
            if (broken.Count > 0) throw Error(path, broken);
            return tensors;
        }
        catch
        {
            foreach (var tensor in tensors) tensor?.Dispose();
            throw;
        }
    }

    private static bool IsFinite(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.isfinite().all().ToBoolean();
    }

    private static InvalidDataException Error(string path, List<string> problems)
        => new($"{path} does not fit its {Config.AdapterConfig.FileName} and this model: {string.Join(" ", problems.Take(Told))}{(problems.Count > Told ? $" And {problems.Count - Told} more." : "")}");

    private static string Show(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
