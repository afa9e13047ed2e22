using System.Collections;
using System.Reflection;
using Socratic.Training.Layers;
using Socratic.Training.Lora.Sites;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Hosts;

/// <summary>
/// Any module of a program. The layer is registered under its name and lies in a field of the module that uses it, alone or in a list: both are replaced.
/// </summary>
internal sealed class ModuleHost(nn.Module root) : AdapterHost(root)
{
    /// <inheritdoc/>
    public override string? WhyNotReplaceable(string path)
    {
        var (owner, name, child) = Find(path);
        var places = Places(owner, child).ToArray();
        if (places.Length == 0) return $"'{path}': {owner.GetType().Name} does not keep its '{name}' in a field or a list of its own, so it cannot be replaced there.";
        var (wrapper, wanted) = child is EmbeddingLayer ? (typeof(LoraEmbedding), nameof(EmbeddingLayer)) : (typeof(LoraLinear), nameof(LinearLayer));
        return places.FirstOrDefault(p => !p.Type.IsAssignableFrom(wrapper)) is { } narrow ? $"'{path}': {narrow.Text} can only hold a {narrow.Type.Name}; declare it as {wanted}." : null;
    }

    /// <inheritdoc/>
    public override void Replace(string path, nn.Module layer)
    {
        var (owner, name, child) = Find(path);
        foreach (var place in Places(owner, child)) place.Set(layer);
        // Taken out and put back with those after it: the order of the parameters stays.
        var children = owner.named_children().SkipWhile(c => c.name != name).ToArray();
        foreach (var (childName, _) in children) owner.register_module(childName, null!);
        foreach (var (childName, module) in children) owner.register_module(childName, childName == name ? layer : module);
    }

    private (nn.Module Owner, string Name, nn.Module Child) Find(string path)
    {
        var dot = path.LastIndexOf('.');
        return (dot < 0 ? Root : Module(path[..dot]), path[(dot + 1)..], Module(path));
    }

    private sealed record Place(string Text, Type Type, Action<nn.Module> Set);

    private static IEnumerable<Place> Places(nn.Module owner, nn.Module child)
    {
        for (var type = owner.GetType(); type is not null && type != typeof(nn.Module); type = type.BaseType)
        {
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                var value = field.GetValue(owner);
                if (ReferenceEquals(value, child)) yield return new Place($"{type.Name}.{field.Name}", field.FieldType, layer => field.SetValue(owner, layer));
                if (value is not IList list) continue;
                for (var i = 0; i < list.Count; i++)
                {
                    var index = i;
                    if (ReferenceEquals(list[i], child)) yield return new Place($"{type.Name}.{field.Name}", ElementType(list.GetType()), layer => list[index] = layer);
                }
            }
        }
    }

    private static Type ElementType(Type list) => list.GetElementType()
        ?? list.GetInterfaces().FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IList<>))?.GetGenericArguments()[0] ?? typeof(object);
}
