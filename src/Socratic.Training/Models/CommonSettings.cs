using System.Globalization;
using Socratic.Training.Layers;

namespace Socratic.Training.Models;

/// <summary>What the families' configurations have in common.</summary>
internal static class CommonSettings
{
    /// <summary>A specification with everything that every family reads alike; <paramref name="layers"/> gets each layer's number.</summary>
    public static DecoderSpecification Read(
        ConfigurationReader config, Activation activation, int headDimension, Func<int, DecoderLayerSpecification> layers, bool tiedByDefault = false)
    {
        var heads = config.Size("num_attention_heads");
        var keyHeads = config.Size("num_key_value_heads", heads);
        if (heads % keyHeads != 0)
            throw config.Bad("num_key_value_heads", keyHeads.ToString(CultureInfo.InvariantCulture), $"a divisor of num_attention_heads = {heads}");
        if (headDimension % 2 != 0) throw config.Bad("head_dim", headDimension.ToString(CultureInfo.InvariantCulture), "an even number");
        if (config.IsNotZero("attention_dropout")) throw config.NotDone("attention_dropout", "a number other than 0", "0");
        return new DecoderSpecification
        {
            VocabularySize = config.Size("vocab_size"),
            HiddenSize = config.Size("hidden_size"),
            IntermediateSize = config.Size("intermediate_size"),
            Heads = heads,
            KeyValueHeads = keyHeads,
            HeadDimension = headDimension,
            Layers = [.. Enumerable.Range(0, config.Size("num_hidden_layers")).Select(layers)],
            Activation = activation,
            NormEpsilon = config.Positive("rms_norm_eps", 1e-6),
            QueryScale = Math.Pow(headDimension, -0.5),
            TiedHead = config.Flag("tie_word_embeddings", tiedByDefault),
        };
    }

    /// <summary>The head's size: named, or the hidden size over the heads.</summary>
    public static int HeadDimension(ConfigurationReader config)
    {
        if (config.OptionalSize("head_dim") is { } named) return named;
        var (hidden, heads) = (config.Size("hidden_size"), config.Size("num_attention_heads"));
        if (hidden % heads == 0) return hidden / heads;
        throw config.Bad("num_attention_heads", heads.ToString(CultureInfo.InvariantCulture), $"a divisor of hidden_size = {hidden}, or head_dim beside it");
    }

    /// <summary>True for each layer that sees a window only: by <c>layer_types</c>, or by the family's own rule where that is missing.</summary>
    public static Func<int, bool> Windowed(ConfigurationReader config, Func<int, bool> rule)
    {
        if (config.Words("layer_types") is not { } types) return rule;
        var layers = config.Size("num_hidden_layers");
        if (types.Count != layers) throw config.Bad("layer_types", $"a list of {types.Count}", $"one of num_hidden_layers = {layers}");
        var odd = types.FirstOrDefault(t => t is not ("sliding_attention" or "full_attention"));
        return odd is null ? i => types[i] == "sliding_attention" : throw config.NotDone("layer_types", $"\"{odd}\"", "full_attention, sliding_attention");
    }

    /// <summary>The activation by its name in the configuration.</summary>
    public static Activation Activation(ConfigurationReader config, string key, string otherwise) => (config.Word(key) ?? otherwise) switch
    {
        "silu" or "swish" => Layers.Activation.Silu,
        "gelu_pytorch_tanh" => Layers.Activation.GeluTanh,
        "gelu" => Layers.Activation.Gelu,
        var other => throw config.NotDone(key, $"\"{other}\"", "silu, gelu_pytorch_tanh, gelu"),
    };
}
