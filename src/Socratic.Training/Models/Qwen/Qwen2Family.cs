namespace Socratic.Training.Models.Qwen;

/// <summary>Qwen 2 and 2.5: biases on queries, keys and values.</summary>
internal sealed class Qwen2Family : IModelFamily
{
    public IReadOnlyList<string> ModelTypes => ["qwen2"];

    public DecoderSpecification Read(ConfigurationReader config)
        => QwenSettings.Read(config, CommonSettings.HeadDimension(config)) with { QueryKeyValueBias = true };
}
