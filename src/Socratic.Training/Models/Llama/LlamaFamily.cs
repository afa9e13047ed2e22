namespace Socratic.Training.Models.Llama;

/// <summary>Llama 2 and 3.</summary>
internal sealed class LlamaFamily : IModelFamily
{
    public IReadOnlyList<string> ModelTypes => ["llama"];

    public DecoderSpecification Read(ConfigurationReader config)
    {
        var d = CommonSettings.HeadDimension(config);
        var rotary = RotarySettings.Read(config, d);
        var bias = config.Flag("attention_bias", false);
        return CommonSettings.Read(config, CommonSettings.Activation(config, "hidden_act", "silu"), d, _ => new(null, rotary)) with
        {
            QueryKeyValueBias = bias,
            OutputBias = bias,
            MlpBias = config.Flag("mlp_bias", false),
        };
    }
}
