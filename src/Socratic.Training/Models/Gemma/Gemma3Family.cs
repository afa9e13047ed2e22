using Socratic.Training.Layers;

namespace Socratic.Training.Models.Gemma;

/// <summary>Gemma 3, text: five windowed layers, then a full one; the two kinds have rotary bases of their own; queries and keys are normed.</summary>
internal sealed class Gemma3Family : IModelFamily
{
    public IReadOnlyList<string> ModelTypes => ["gemma3_text"];

    public DecoderSpecification Read(ConfigurationReader config)
    {
        var window = config.Size("sliding_window", GemmaSettings.DefaultWindow);
        var pattern = config.OptionalSize("sliding_window_pattern") ?? config.Size("_sliding_window_pattern", 6);
        var windowed = CommonSettings.Windowed(config, i => (i + 1) % pattern != 0);
        return GemmaSettings.Read(config, (i, d) => windowed(i) ? new(window, Local(config, d)) : new(null, Global(config, d))) with
        {
            QueryKeyNorm = true,
            AttentionSoftCap = config.PositiveOrNull("attn_logit_softcapping", null),
            FinalSoftCap = config.PositiveOrNull("final_logit_softcapping", null),
        };
    }

    private static RotarySpecification Global(ConfigurationReader config, int d) => config.Section("rope_parameters")?.Section("full_attention") is { } own
        ? new(own.Positive("rope_theta", 1_000_000), d, RotarySettings.Scaling(own))
        : new(config.Positive("rope_theta", 1_000_000), d, config.Section("rope_scaling") is { } scaling ? RotarySettings.Scaling(scaling) : null);

    private static RotarySpecification Local(ConfigurationReader config, int d) => config.Section("rope_parameters")?.Section("sliding_attention") is { } own
        ? new(own.Positive("rope_theta", 10_000), d, RotarySettings.Scaling(own))
        : new(config.Positive("rope_local_base_freq", 10_000), d);
}
