using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Socratic.Training.Lora.Config;
using Socratic.Training.Lora.Files;
using Socratic.Training.Lora.Hosts;
using Socratic.Training.Lora.Parts;
using static TorchSharp.torch;

namespace Socratic.Training.Lora;

/// <summary>Adds LoRA adapters to a <see cref="CausalLanguageModel"/>, or to any module whose linear layers are <see cref="Training.Layers.LinearLayer"/>s.</summary>
public static class LoraExtensions
{
    private static readonly ConditionalWeakTable<nn.Module, LoraAdapters> Attached = [];

    /// <summary>
    /// Adds a new adapter: the model's own parameters are frozen, the layers that <see cref="LoraOptions.TargetModules"/> names get A and B beside them.
    /// A is drawn with torch's CPU generator: <c>torch.manual_seed</c> before gives PEFT's values. The model is unchanged if this throws.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The adapter's settings.</param>
    /// <param name="name">The adapter's name; the first added is switched on.</param>
    /// <param name="logger">Told of settings without effect and of programs that cannot load such an adapter; <see cref="LoraAdapter.Warnings"/> has them too.</param>
    /// <exception cref="ArgumentException">The settings break rules or do not fit the model; the message lists the problems.</exception>
    public static LoraAdapter AddLora(this nn.Module model, LoraOptions options, string name = LoraAdapters.DefaultName, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        var adapters = Of(model);
        var config = AdapterConfig.Create(options);
        adapters.CheckNew(name, config);
        var plan = AdapterPlan.Make(config, adapters.Host);
        var adapter = Attach(model, adapters, name, plan, [.. plan.Parts.Select(p => p.Create())], trainable: true);
        adapter.Warnings = [.. adapter.Warnings, .. Portability.Warnings(options, adapter.Layers)];
        return Tell(adapter, logger);
    }

    /// <summary>Loads an adapter from a folder as PEFT writes it. The model is unchanged if this throws.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder of adapter_config.json and adapter_model.safetensors.</param>
    /// <param name="name">The adapter's name; the first added is switched on.</param>
    /// <param name="trainable">True to train it further.</param>
    /// <param name="logger">Told of settings without effect; they are in <see cref="LoraAdapter.Warnings"/> too.</param>
    /// <exception cref="IOException">A file is missing or not well formed.</exception>
    /// <exception cref="InvalidDataException">The files do not fit each other or the model; the message names file, keys, what was found and expected.</exception>
    public static LoraAdapter LoadAdapter(this nn.Module model, string folder, string name = LoraAdapters.DefaultName, bool trainable = false, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var adapters = Of(model);
        var config = AdapterConfig.Read(folder);
        adapters.CheckNew(name, config);
        var plan = AdapterPlan.Make(config, adapters.Host);
        var adapter = Attach(model, adapters, name, plan, Parts(plan, AdapterReader.Read(folder, name, plan.Tensors)), trainable);
        return Tell(adapter, logger);
    }

    /// <summary>Switches the model's adapters off until the result is disposed.</summary>
    public static IDisposable DisableAdapter(this nn.Module model) => Lora(model).Disable();

    /// <summary>The model's adapters.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    public static LoraAdapters Lora(this nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Attached.TryGetValue(model, out var adapters) ? adapters : throw new InvalidOperationException($"The model has no adapters; {nameof(AddLora)} or {nameof(LoadAdapter)} adds one.");
    }

    internal static void Forget(nn.Module model, LoraAdapters adapters)
    {
        Attached.Remove(model);
        if (model is CausalLanguageModel language) language.Artifacts.Remove(adapters);
    }

    private static LoraAdapters Of(nn.Module model)
        => Attached.TryGetValue(model, out var there) ? there : new LoraAdapters(model is CausalLanguageModel language ? new LanguageModelHost(language) : new ModuleHost(model));

    private static LoraAdapter Tell(LoraAdapter adapter, ILogger? logger)
    {
        if (logger is not null)
            foreach (var warning in adapter.Warnings) LogMessages.Warning(logger, warning);
        return adapter;
    }

    private static List<AdapterPart> Parts(AdapterPlan plan, IReadOnlyList<Tensor?> tensors)
    {
        var parts = new List<AdapterPart>();
        var at = 0;
        foreach (var part in plan.Parts)
        {
            var count = part.Tensors.Count();
            parts.Add(part.Create([.. tensors.Skip(at).Take(count)]));
            at += count;
        }
        return parts;
    }

    private static LoraAdapter Attach(nn.Module model, LoraAdapters adapters, string name, AdapterPlan plan, IReadOnlyList<AdapterPart> parts, bool trainable)
    {
        var adapter = adapters.Add(name, plan, parts, trainable);
        if (!Attached.TryGetValue(model, out _))
        {
            Attached.Add(model, adapters);
            if (model is CausalLanguageModel language) language.Artifacts.Add(adapters);
        }
        return adapter;
    }
}
