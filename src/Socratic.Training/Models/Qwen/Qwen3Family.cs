namespace Socratic.Training.Models.Qwen;

/// <summary>Qwen 3: queries and keys are normed.</summary>
internal sealed class Qwen3Family : IModelFamily
{
    public IReadOnlyList<string> ModelTypes => ["qwen3"];

    public DecoderSpecification Read(ConfigurationReader config)
    {
        var bias = config.Flag("attention_bias", false);
        return QwenSettings.Read(config, config.Size("head_dim", 128)) with { QueryKeyNorm = true, QueryKeyValueBias = bias, OutputBias = bias };
    }
}
