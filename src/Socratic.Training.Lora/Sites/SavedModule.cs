using System.Reflection;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Sites;

/// <summary>
/// A module trained in full: the fields in which it keeps its parameters hold the trained ones while their adapter is on, else its own. Nothing is copied
/// when adapters are switched, and any module whose parameters lie in fields can be trained so.
/// </summary>
internal sealed class SavedModule : IAdapterSite
{
    private readonly nn.Module module;
    private readonly IReadOnlyList<Place> places;
    private readonly Dictionary<string, IReadOnlyList<Parameter>> saved = new(StringComparer.Ordinal);
    private IReadOnlyList<string> activeNames = [];
    private Tensor[]? originals;

    /// <summary>For the module at <paramref name="path"/>; <paramref name="tied"/> are other modules that use the same parameters and are to follow.</summary>
    public SavedModule(string path, nn.Module module, params IReadOnlyList<nn.Module> tied)
    {
        Path = path;
        this.module = module;
        IsTied = tied.Count > 0;
        places = [.. module.named_parameters().Select(p => new Place(p.name, p.parameter, [.. tied.Prepend(module).SelectMany(m => FieldsOf(m, p.parameter))]))];
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public bool IsEmpty => saved.Count == 0;

    /// <summary>True if other modules follow.</summary>
    public bool IsTied { get; }

    /// <summary>Why a module cannot be trained in full, or null.</summary>
    public static string? WhyNot(nn.Module module)
    {
        var parameters = module.named_parameters().ToArray();
        if (parameters.Length == 0) return "it has no parameters (quantized weights cannot be trained)";
        return parameters.FirstOrDefault(p => !FieldsOf(module, p.parameter).Any()).name is { } name ? $"it does not keep its '{name}' in a field" : null;
    }

    /// <summary>Adds trained parameters, in the order of the module's own, which are off until <see cref="SetActive"/>; takes ownership.</summary>
    public void Add(string name, IReadOnlyList<Parameter> parameters)
    {
        saved.Add(name, parameters);
        ParameterHolder.Register(module, name, Named(parameters));
    }

    /// <inheritdoc/>
    public void SetActive(IReadOnlyList<string> names)
    {
        activeNames = names;
        var on = originals is null ? names.LastOrDefault(saved.ContainsKey) : null;
        for (var i = 0; i < places.Count; i++) places[i].Set(on is null ? places[i].Own : saved[on][i]);
    }

    /// <inheritdoc/>
    public void Merge(IReadOnlyList<string> names, bool roundShare)
    {
        if (originals is not null || names.LastOrDefault(saved.ContainsKey) is not { } name) return;
        foreach (var parameter in saved[name]) MergedWeight.Checked(parameter, Path);
        using var none = no_grad();
        originals = [.. places.Select(p => p.Own.detach().clone().DetachFromDisposeScope())];
        for (var i = 0; i < places.Count; i++) places[i].Own.copy_(saved[name][i]);
        SetActive(activeNames);
    }

    /// <inheritdoc/>
    public void Unmerge()
    {
        if (originals is null) return;
        using var none = no_grad();
        for (var i = 0; i < places.Count; i++) places[i].Own.copy_(originals[i]);
        Forget();
        SetActive(activeNames);
    }

    /// <inheritdoc/>
    public void Remove(string name)
    {
        if (!saved.Remove(name, out var parameters)) return;
        ParameterHolder.Unregister(module, name, Named(parameters));
        SetActive(activeNames);
        foreach (var parameter in parameters) parameter.Dispose();
    }

    /// <inheritdoc/>
    public void Unload(AdapterHost host)
    {
        Forget();
        foreach (var name in saved.Keys.ToArray()) Remove(name);
    }

    private IEnumerable<(string, Parameter)> Named(IReadOnlyList<Parameter> parameters) => places.Zip(parameters, (place, parameter) => (AdapterNames.Saved + place.Name, parameter));

    private void Forget()
    {
        foreach (var tensor in originals ?? []) tensor.Dispose();
        originals = null;
    }

    private static IEnumerable<Action<Parameter>> FieldsOf(nn.Module root, Parameter parameter)
    {
        foreach (var module in root.modules().Prepend(root).Distinct())
            for (var type = module.GetType(); type is not null && type != typeof(nn.Module); type = type.BaseType)
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                    if (field.FieldType.IsAssignableFrom(typeof(Parameter)) && field.GetValue(module) is Parameter value && value.Handle == parameter.Handle)
                        yield return replacement => field.SetValue(module, replacement);
    }

    private sealed record Place(string Name, Parameter Own, IReadOnlyList<Action<Parameter>> Fields)
    {
        public void Set(Parameter parameter)
        {
            foreach (var set in Fields) set(parameter);
        }
    }
}
