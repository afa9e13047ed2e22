using Socratic.Training.Lora.Files;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>A module that does nothing but give parameters and other holders their names: a parameter's own name cannot hold a dot.</summary>
internal sealed class ParameterHolder() : nn.Module(nameof(ParameterHolder))
{
    /// <summary>Registers an adapter's parameters below <paramref name="layer"/>, under dotted names such as <c>lora_A.default.weight</c>.</summary>
    public static void Register(nn.Module layer, string adapter, IEnumerable<(string Template, Parameter Parameter)> parameters)
    {
        foreach (var (template, parameter) in parameters)
        {
            var parts = AdapterNames.Below(template, adapter).Split('.');
            parts[..^1].Aggregate(layer, Child).register_parameter(parts[^1], parameter);
        }
    }

    /// <summary>Takes an adapter's parameters out of the holders again; they are not disposed.</summary>
    public static void Unregister(nn.Module layer, string adapter, IEnumerable<(string Template, Parameter Parameter)> parameters)
    {
        foreach (var group in parameters.GroupBy(p => AdapterNames.Below(p.Template, adapter).Split('.')[0]))
        {
            // A holder cannot give up a parameter, so the group is made anew without this adapter's.
            var old = layer.named_children().First(c => c.name == group.Key).module;
            var kept = old.named_parameters().Where(p => !group.Any(g => ReferenceEquals(g.Parameter, p.parameter))).ToArray();
            layer.register_module(group.Key, null!);
            foreach (var (name, parameter) in kept)
            {
                var parts = $"{group.Key}.{name}".Split('.');
                parts[..^1].Aggregate(layer, Child).register_parameter(parts[^1], parameter);
            }
        }
    }

    private static nn.Module Child(nn.Module parent, string name)
    {
        if (parent.named_children().FirstOrDefault(c => c.name == name).module is { } there) return there;
        var made = new ParameterHolder();
        parent.register_module(name, made);
        return made;
    }
}
