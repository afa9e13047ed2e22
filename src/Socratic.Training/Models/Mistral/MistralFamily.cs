namespace Socratic.Training.Models.Mistral;

/// <summary>Mistral: a window on every layer, or on none.</summary>
internal sealed class MistralFamily : IModelFamily
{
    public IReadOnlyList<string> ModelTypes => ["mistral"];

    public DecoderSpecification Read(ConfigurationReader config)
    {
        var d = CommonSettings.HeadDimension(config);
        var rotary = RotarySettings.Read(config, d);
        var window = (int?)config.PositiveOrNull("sliding_window", 4096);
        var windowed = CommonSettings.Windowed(config, _ => true);
        return CommonSettings.Read(config, CommonSettings.Activation(config, "hidden_act", "silu"), d, i => new(windowed(i) ? window : null, rotary));
    }
}
