using Socratic.Training.Layers;

namespace Socratic.Training.Models.Gemma;

/// <summary>What Gemma 2 and 3 share.</summary>
internal static class GemmaSettings
{
    public const int DefaultWindow = 4096;

    public static DecoderSpecification Read(ConfigurationReader config, Func<int, int, DecoderLayerSpecification> layers)
    {
        if (config.Flag("use_bidirectional_attention", false)) throw config.NotDone("use_bidirectional_attention", "true", "false");
        var headDimension = config.Size("head_dim", 256);
        var activation = CommonSettings.Activation(config, "hidden_activation", "gelu_pytorch_tanh");
        var common = CommonSettings.Read(config, activation, headDimension, i => layers(i, headDimension), tiedByDefault: true);
        var bias = config.Flag("attention_bias", false);
        return common with
        {
            Norm = NormKind.OnePlusWeight,
            NormsAfterBlocks = true,
            QueryKeyValueBias = bias,
            OutputBias = bias,
            QueryScale = Math.Pow(config.Positive("query_pre_attn_scalar", 256), -0.5),
            EmbeddingScale = Math.Sqrt(common.HiddenSize),
            PaddingId = PaddingId(config, common.VocabularySize),
        };
    }

    private static int? PaddingId(ConfigurationReader config, int vocabulary) => config.Ids("pad_token_id") switch
    {
        [] => config.IsNull("pad_token_id") ? null : 0,
        [var id] when id < vocabulary => id,
        var other => throw config.Bad("pad_token_id", string.Join(", ", other), $"one id below vocab_size = {vocabulary}"),
    };
}
