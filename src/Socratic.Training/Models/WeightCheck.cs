using Socratic.Training.Safetensors;

namespace Socratic.Training.Models;

/// <summary>Compares what a checkpoint holds with what a specification asks for, by names and shapes, before anything is read.</summary>
internal static class WeightCheck
{
    private static readonly HashSet<string> Floats = ["F32", "BF16", "F16", "F64"];

    /// <param name="tensors">The checkpoint.</param>
    /// <param name="expected">Names and shapes.</param>
    /// <param name="areLinearsForeign">True if linear layers are stored in another form, which whoever builds them checks.</param>
    /// <exception cref="ModelLoadException">
    /// A tensor is missing, has another shape or is not floating point, or the checkpoint holds one that the model has not.
    /// </exception>
    public static void Run(CheckpointTensors tensors, IEnumerable<(string Name, long[] Shape)> expected, bool areLinearsForeign)
    {
        var wanted = expected.ToDictionary(e => e.Name, e => e.Shape, StringComparer.Ordinal);
        var foreign = areLinearsForeign ? wanted.Keys.Where(IsLinear).ToHashSet(StringComparer.Ordinal) : [];
        var missing = wanted.Keys.Where(n => !foreign.Contains(n) && !tensors.Has(n)).ToList();
        if (missing.Count > 0)
            throw new ModelLoadException(
                $"{tensors.Folder}: {Some(missing)} missing from the weights; the checkpoint is incomplete, or config.json belongs to another model.");
        foreach (var (name, shape) in wanted)
        {
            if (foreign.Contains(name)) continue;
            var entry = tensors.Entry(name);
            if (!entry.Shape.SequenceEqual(shape))
                throw new ModelLoadException(
                    $"{tensors.Folder}: '{name}' has shape [{string.Join(", ", entry.Shape)}], config.json asks for [{string.Join(", ", shape)}]; "
                    + "one of them belongs to another model.");
            if (!Floats.Contains(entry.Dtype))
                throw new ModelLoadException($"{tensors.Folder}: '{name}' is stored as {entry.Dtype}, expected F32, BF16, F16 or F64.");
        }
        var extra = tensors.Names.Where(n => !wanted.ContainsKey(n) && !IsIgnored(n) && !IsBelow(foreign, n)).ToList();
        if (extra.Count > 0)
            throw new ModelLoadException(
                $"{tensors.Folder}: the weights hold {Some(extra)}, which the model described by config.json does not have; "
                + "config.json belongs to another model.");
    }

    /// <summary>True for what belongs to a linear layer inside a block.</summary>
    internal static bool IsLinear(string name) => name.Contains("_proj.", StringComparison.Ordinal);

    // model.layers.0.mlp.up_proj.weight.absmax is below model.layers.0.mlp.up_proj.weight.
    private static bool IsBelow(HashSet<string> foreign, string name)
    {
        for (var dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
            if (foreign.Contains(name[..dot])) return true;
        return false;
    }

    /// <summary>Old checkpoints store the rotary frequencies, which follow from the configuration.</summary>
    private static bool IsIgnored(string name) => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal);

    private static string Some(List<string> names)
    {
        names.Sort(StringComparer.Ordinal);
        var shown = string.Join(", ", names.Take(3).Select(n => $"'{SafetensorsException.Shown(n)}'"));
        return names.Count <= 3 ? shown : $"{shown} and {names.Count - 3} more tensors";
    }
}
