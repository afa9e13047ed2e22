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
        return new CausalLanguageModel(ModelLoader.Load(folder, options));
    }

    /// <summary>Writes config.json, generation_config.json and the tokenizer's files into a folder, which is created.</summary>
    public void SaveConfiguration(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        source.WriteTo(folder, Dtype, HeadIsEmbedding);
        tokenizer?.SaveFiles(folder);
    }

    /// <summary>Writes the weights as model.safetensors into a folder, which is created; a tied head is not stored.</summary>
    /// <exception cref="InvalidOperationException">A linear layer is not a plain one: an adapter is attached, or the weights are quantized.</exception>
    public void SaveWeights(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var weights = Weights();
        Directory.CreateDirectory(folder);
        var tensors = weights.Select(w => KeyValuePair.Create<string, Tensor>(w.Key, w.Value));
        SafetensorsWriter.Write(Path.Combine(folder, CheckpointTensors.SingleFile), tensors, Metadata);
    }

    /// <summary>
    /// Reads weights written by <see cref="SaveWeights"/> back into the live model; names and shapes are checked before the first is replaced.
    /// </summary>
    /// <exception cref="ModelLoadException">The folder holds no weights, or those of another model.</exception>
    public void LoadWeights(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var weights = Weights();
        try
        {
            using var tensors = CheckpointTensors.Open(folder);
            WeightCheck.Run(tensors, weights.Select(w => (w.Key, w.Value.shape)), areLinearsForeign: false);
            using var none = no_grad();
            foreach (var (name, parameter) in weights) tensors.ReadInto(name, parameter);
        }
        catch (Exception e) when (e is SafetensorsException or FileNotFoundException or NotSupportedException)
        {
            throw new ModelLoadException(e.Message, e);
        }
    }

    private Dictionary<string, Parameter> Weights()
    {
        var weights = named_parameters().ToDictionary(p => p.name, p => p.parameter, StringComparer.Ordinal);
        if (HeadIsEmbedding) weights.Remove(WeightNames.Head);
        var names = WeightNames.Of(specification).Select(w => w.Name).ToHashSet(StringComparer.Ordinal);
        if (!HeadIsEmbedding) names.Add(WeightNames.Head);
        return weights.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(names)
            ? weights
            : throw new InvalidOperationException(
                "The model's linear layers are not all plain ones (an adapter is attached, or the weights are quantized): save what is attached, "
                + "or merge it first.");
    }
}
