using Socratic.Training.Models;
using Socratic.Training.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training;

public sealed partial class CausalLanguageModel
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    private readonly ModelFolder source;

    /// <summary>Loads a model folder as Hugging Face publishes it: config.json, safetensors files, and tokenizer files if there are any.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="configure">Sets dtype, device, the form of linear layers.</param>
    /// <exception cref="ModelLoadException">The folder cannot be loaded; the message names what is wrong and the way out.</exception>
    public static CausalLanguageModel Load(string folder, Action<ModelLoadOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var options = new ModelLoadOptions();
        configure?.Invoke(options);
        var model = new CausalLanguageModel(ModelLoader.Load(folder, options));
        (options.LinearFactory as IModelFormat)?.Attach(model);
        return model;
    }

    /// <summary>Writes config.json, generation_config.json and the tokenizer's files into a folder, which is created.</summary>
    public void SaveConfiguration(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        source.WriteTo(folder, Dtype, HeadIsEmbedding, config =>
        {
            foreach (var artifact in Artifacts) artifact.AmendConfiguration(config);
        });
        tokenizer?.SaveFiles(folder);
    }

    /// <summary>Writes the weights as model.safetensors into a folder, which is created; a tied head is not stored. 4-bit layers are stored as they are.</summary>
    /// <exception cref="InvalidOperationException">A linear layer is not a plain one: an adapter is attached.</exception>
    public void SaveWeights(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using var scope = NewDisposeScope();
        var (plain, linears) = Weights();
        var tensors = plain.Select(w => KeyValuePair.Create(w.Key, InModelDtype(w.Value)))
            .Concat(linears.SelectMany(l => l.Layer.StoredTensors()!.Select(t => KeyValuePair.Create($"{l.Path}.{t.Key}", ReferenceEquals(t.Value, l.Layer.Bias) ? InModelDtype(t.Value) : t.Value))));
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, CheckpointTensors.SingleFile), tensors, Metadata);
    }

    /// <summary>
    /// Reads weights written by <see cref="SaveWeights"/> back into the live model; names and shapes are checked before the first is replaced.
    /// </summary>
    /// <exception cref="ModelLoadException">The folder holds no weights, or those of another model.</exception>
    public void LoadWeights(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var (plain, linears) = Weights();
        try
        {
            using var tensors = CheckpointTensors.Open(folder);
            var coded = linears.SelectMany(l => WeightNames.Of(specification).Where(w => w.Name.StartsWith(l.Path + ".", StringComparison.Ordinal)));
            WeightCheck.Run(tensors, plain.Select(w => (w.Key, w.Value.shape)).Concat(coded), areLinearsForeign: linears.Count > 0);
            using var none = no_grad();
            foreach (var (name, parameter) in plain) tensors.ReadInto(name, parameter);
            foreach (var linear in linears) linear.Layer.LoadStored(tensors.Below(linear.Path));
        }
        catch (Exception e) when (e is SafetensorsException or FileNotFoundException or InvalidDataException or KeyNotFoundException or NotSupportedException)
        {
            throw new ModelLoadException(e.Message, e);
        }
    }

    /// <summary>A parameter as files have it. One that is float32 in a model of 16 bits and was trained keeps all its digits, or a resumed run would be another.</summary>
    private Tensor InModelDtype(Tensor parameter)
    {
        if (parameter.dtype == Dtype) return parameter;
        using var none = no_grad();
        var rounded = parameter.to(Dtype);
        return rounded.to(parameter.dtype).eq(parameter).all().item<bool>() ? rounded : parameter;
    }

    /// <summary>The parameters of the network's own form, and the linear layers that a checkpoint holds in another.</summary>
    private (Dictionary<string, Parameter> Plain, IReadOnlyList<NamedLinear> Linears) Weights()
    {
        var linears = LinearLayers.Where(l => l.Layer.CodedWeights > 0).ToList();
        var plain = named_parameters().Where(p => !linears.Exists(l => p.name.StartsWith(l.Path + ".", StringComparison.Ordinal)))
            .ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        if (HeadIsEmbedding) plain.Remove(WeightNames.Head);
        var names = WeightNames.Of(specification).Select(w => w.Name).Where(n => !linears.Exists(l => n.StartsWith(l.Path + ".", StringComparison.Ordinal))).ToHashSet(StringComparer.Ordinal);
        if (!HeadIsEmbedding) names.Add(WeightNames.Head);
        return plain.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(names)
            ? (plain, linears)
            : throw new InvalidOperationException(
                "The model's linear layers are not all plain ones (an adapter is attached): save what is attached, or merge it first.");
    }
}
