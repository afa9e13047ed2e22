using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>A module that does nothing but give parameters and other holders their names: a parameter's own name cannot hold a dot.</summary>
internal sealed class ParameterHolder() : nn.Module(nameof(ParameterHolder))
{
    /// <summary>Registers a parameter under a dotted name below <paramref name="parent"/>, such as <c>lora_A.default.weight</c>.</summary>
    public static void Register(nn.Module parent, string name, Parameter parameter)
    {
        var parts = name.Split('.');
        foreach (var part in parts[..^1])
        {
            var child = parent.named_children().FirstOrDefault(c => c.name == part).module;
            if (child is null)
            {
                child = new ParameterHolder();
                parent.register_module(part, child);
            }
            parent = child;
        }
        parent.register_parameter(parts[^1], parameter);
    }
}
