namespace Socratic.Training.Models.Gemma;

/// <summary>Gemma 2: every other layer, from the first, sees a window; attention scores and logits are capped.</summary>
internal sealed class Gemma2Family : IModelFamily
{
    public IReadOnlyList<string> ModelTypes => ["gemma2"];

    public DecoderSpecification Read(ConfigurationReader config)
    {
        var window = config.Size("sliding_window", GemmaSettings.DefaultWindow);
        var windowed = CommonSettings.Windowed(config, i => i % 2 == 0);
        return GemmaSettings.Read(config, (i, d) => new(windowed(i) ? window : null, RotarySettings.Read(config, d))) with
        {
            AttentionSoftCap = config.PositiveOrNull("attn_logit_softcapping", 50),
            FinalSoftCap = config.PositiveOrNull("final_logit_softcapping", 30),
        };
    }
}
