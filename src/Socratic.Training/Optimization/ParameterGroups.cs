using System.Text.RegularExpressions;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Optimization;

/// <summary>The trainable parameters of a module, and how Hugging Face's Trainer groups them for weight decay.</summary>
public static partial class ParameterGroups
{
    /// <summary>The parameters that require a gradient, in the module's order; tied ones once, under their first name.</summary>
    public static IReadOnlyList<TrainableParameter> Trainables(nn.Module module)
    {
        var normalizations = module.named_modules().Where(m => m.module is LayerNorm).Select(m => m.name + ".").ToList();
        if (module is LayerNorm) normalizations.Add("");
        var first = new Dictionary<(IntPtr Data, long Length), int>();
        var found = new List<(string Name, Tensor Value, List<Tensor> Aliases)>();
        foreach (var (name, parameter) in module.named_parameters(recurse: true))
        {
            if (!parameter.requires_grad) continue;
            var length = parameter.numel();
            var key = (length == 0 ? parameter.Handle : Native.TensorMemory.Pointer(parameter), length);
            if (first.TryGetValue(key, out var index))
            {
                if (!ReferenceEquals(found[index].Value, parameter)) found[index].Aliases.Add(parameter);
                continue;
            }
            first[key] = found.Count;
            found.Add((name, parameter, []));
        }
        return [.. found.Select(p => new TrainableParameter(p.Name, p.Value, normalizations.Any(n => IsDirectChild(p.Name, n)), p.Aliases))];
    }

    /// <summary>
    /// Two groups: the parameters that are decayed, then those that are not: those of <c>nn.LayerNorm</c> modules and those whose names say bias or normalization
    /// (<c>get_decay_parameter_names</c> of transformers). Either may be empty.
    /// </summary>
    public static IReadOnlyList<OptimizerGroup> Create(nn.Module module, double learningRate, double weightDecay) => Create(Trainables(module), learningRate, weightDecay);

    /// <inheritdoc cref="Create(nn.Module, double, double)"/>
    public static IReadOnlyList<OptimizerGroup> Create(IReadOnlyList<TrainableParameter> parameters, double learningRate, double weightDecay)
    {
        var decayed = parameters.ToLookup(IsDecayed);
        return [new OptimizerGroup([.. decayed[true]], learningRate, weightDecay), new OptimizerGroup([.. decayed[false]], learningRate)];
    }

    internal static bool IsDecayed(TrainableParameter parameter) => !parameter.IsLayerNorm && !IsUndecayedName(parameter.Name);

    internal static bool IsUndecayedName(string name) => UndecayedName().IsMatch(name);

    private static bool IsDirectChild(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) && !name.AsSpan(prefix.Length).Contains('.');

    // Names are matched in lower case, anywhere: "unbiased.weight" is not decayed in the reference either.
    [GeneratedRegex(@"bias|layernorm|rmsnorm|(^|\.)norm($|\.)|_norm($|\.)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex UndecayedName();
}
