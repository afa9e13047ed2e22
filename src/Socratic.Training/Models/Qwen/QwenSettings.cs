namespace Socratic.Training.Models.Qwen;

/// <summary>What Qwen 2 and 3 share: a window counts only if asked for, and only from one layer on.</summary>
internal static class QwenSettings
{
    public static DecoderSpecification Read(ConfigurationReader config, int headDimension)
    {
        var rotary = RotarySettings.Read(config, headDimension);
        var window = config.Flag("use_sliding_window", false) ? (int?)config.PositiveOrNull("sliding_window", 4096) : null;
        var first = config.Whole("max_window_layers", 28);
        var windowed = CommonSettings.Windowed(config, i => window is not null && i >= first);
        var activation = CommonSettings.Activation(config, "hidden_act", "silu");
        return CommonSettings.Read(config, activation, headDimension, i => new(windowed(i) ? window : null, rotary));
    }
}
