using Microsoft.Extensions.Logging;
using Socratic.Training.Safetensors;
using static TorchSharp.torch;

namespace Socratic.Training.Models;

/// <summary>Builds a model from a Hugging Face folder.</summary>
internal static partial class ModelLoader
{
    /// <exception cref="ModelLoadException">The folder cannot be loaded; the message says why.</exception>
    public static LoadedParts Load(string folder, ModelLoadOptions options)
    {
        if (!Directory.Exists(folder))
            throw new ModelLoadException(
                $"{folder}: there is no such folder; give a model folder as Hugging Face publishes it (config.json, *.safetensors, tokenizer files).");
        var source = new ModelFolder(folder);
        var config = ConfigurationReader.Open(source.File(ModelFolder.ConfigFile));
        var specification = ModelFamilies.Read(config);
        var isQuantized = config.Section("quantization_config") is not null;
        if (isQuantized && options.LinearFactory is null)
            throw new ModelLoadException(
                $"{source.File(ModelFolder.ConfigFile)}: the checkpoint is quantized (quantization_config); "
                + "reference the package Socratic.Training.Quantization and load it with load => load.QuantizeTo4Bit().");
        try
        {
            using var tensors = CheckpointTensors.Open(folder);
            var (embedding, tied) = Tie(specification, tensors, options.Logger);
            specification = specification with { TiedHead = tied };
            var expected = Expected(specification, embedding, tensors).ToList();
            WeightCheck.Run(tensors, expected, isQuantized);
            (options.LinearFactory as IModelFormat)?.Prepare(LoadPlanner.Plan(specification, tensors, expected, config.Node("quantization_config"), options));
            return Build(specification, tensors, embedding, config, source, options);
        }
        catch (Exception e) when (e is SafetensorsException or FileNotFoundException or InvalidDataException or KeyNotFoundException or NotSupportedException)
        {
            throw new ModelLoadException(e.Message, e);
        }
    }

    private static LoadedParts Build(
        DecoderSpecification specification, CheckpointTensors tensors, string embedding, ConfigurationReader config, ModelFolder source,
        ModelLoadOptions options)
    {
        // What is made here belongs to the scope until everything is made, so that a failure on the way leaves nothing behind.
        using var scope = NewDisposeScope();
        var dtype = DtypeChoice.Resolve(options.Dtype, options.Device);
        var weights = new WeightLoader(tensors, options, dtype);
        var decoder = DecoderBuilder.Build(specification, weights, embedding);
        var head = specification.TiedHead
            ? null
            : weights.Linear("lm_head", specification.VocabularySize, specification.HiddenSize, bias: false, isOutputEmbedding: true);
        foreach (var module in head is null ? [decoder] : new nn.Module[] { decoder, head })
        {
            foreach (var parameter in module.parameters()) parameter.DetachFromDisposeScope();
            foreach (var buffer in module.buffers()) buffer.DetachFromDisposeScope();
        }
        var (tokenizer, noTokenizer) = Tokenizer(source.Path, specification, options.ChatTemplate);
        var description = Describe(specification, config, source, tokenizer, options.Name);
        return new LoadedParts(specification, decoder, head, description, source, dtype, options.Device, tokenizer, noTokenizer);
    }

    private static ModelConfiguration Describe(DecoderSpecification specification, ConfigurationReader config, ModelFolder source, TextTokenizer? tokenizer, string? name)
    {
        var generation = File.Exists(source.File(ModelFolder.GenerationFile)) ? ConfigurationReader.Open(source.File(ModelFolder.GenerationFile)) : null;
        var stops = generation?.Ids("eos_token_id") is { Count: > 0 } ids ? ids : config.Ids("eos_token_id");
        if (tokenizer is { HasChatTemplate: true } && tokenizer.TryGetId(tokenizer.ChatTemplate.EndOfTurn, out var endOfTurn) && !stops.Contains(endOfTurn))
            stops = [.. stops, endOfTurn];
        var padding = generation?.Ids("pad_token_id") is { Count: > 0 } pads ? pads : config.Ids("pad_token_id");
        return new ModelConfiguration
        {
            Folder = source.Path,
            NameOrPath = string.IsNullOrWhiteSpace(name) ? source.Path : name,
            ModelType = config.Word("model_type")!,
            VocabularySize = specification.VocabularySize,
            HiddenSize = specification.HiddenSize,
            LayerCount = specification.Layers.Count,
            TiesEmbeddings = specification.TiedHead,
            StopIds = stops,
            PaddingId = padding.Concat(stops).FirstOrDefault(id => id < specification.VocabularySize, 0),
        };
    }

    /// <summary>The folder's tokenizer, or why there is none: a model without one can be trained on ids.</summary>
    private static (TextTokenizer? Tokenizer, string? WhyNone) Tokenizer(string folder, DecoderSpecification specification, string? chatTemplate)
    {
        try
        {
            var tokenizer = TextTokenizer.Load(folder, chatTemplate);
            return tokenizer.VocabularySize <= specification.VocabularySize
                ? (tokenizer, null)
                : throw new ModelLoadException(
                    $"{folder}: the tokenizer has ids up to {tokenizer.VocabularySize - 1}, "
                    + $"but the embedding has {specification.VocabularySize} rows (config.json: vocab_size); the tokenizer files belong to another model.");
        }
        catch (FileNotFoundException e)
        {
            return (null, e.Message);
        }
        catch (InvalidDataException e)
        {
            throw new ModelLoadException(e.Message, e);
        }
    }

    /// <summary>
    /// Where the embedding's values lie, and whether the head is the embedding. A stored head with values of its own wins over a configuration that says
    /// tied.
    /// </summary>
    private static (string Embedding, bool Tied) Tie(DecoderSpecification specification, CheckpointTensors tensors, ILogger? logger)
    {
        if (!specification.TiedHead || !tensors.Has(WeightNames.Head)) return (WeightNames.Embedding, specification.TiedHead);
        if (!tensors.Has(WeightNames.Embedding)) return (WeightNames.Head, true);
        if (tensors.AreEqual(WeightNames.Embedding, WeightNames.Head)) return (WeightNames.Embedding, true);
        if (logger is not null) HeadDiffers(logger, tensors.Folder);
        return (WeightNames.Embedding, false);
    }

    private static IEnumerable<(string Name, long[] Shape)> Expected(DecoderSpecification specification, string embedding, CheckpointTensors tensors)
    {
        foreach (var (name, shape) in WeightNames.Of(specification)) yield return (name == WeightNames.Embedding ? embedding : name, shape);
        // A tied head that is stored as well is no surplus.
        if (specification.TiedHead && embedding != WeightNames.Head && tensors.Has(WeightNames.Head))
            yield return (WeightNames.Head, [specification.VocabularySize, specification.HiddenSize]);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Folder}: lm_head.weight has other values than the embedding although config.json says they are tied; both are kept.")]
    private static partial void HeadDiffers(ILogger logger, string folder);
}
