using Socratic.Training.Layers;

namespace Socratic.Training.Models;

/// <summary>Rotary frequencies from a configuration, in the old style (rope_theta, rope_scaling) or the new one (rope_parameters).</summary>
internal static class RotarySettings
{
    /// <summary>Of a model that has one kind for all layers.</summary>
    public static RotarySpecification Read(ConfigurationReader config, int headDimension, double defaultBase = 10000)
    {
        if (config.Section("rope_parameters") is { } parameters)
            return new RotarySpecification(parameters.Positive("rope_theta", defaultBase), headDimension, Scaling(parameters));
        var scaling = config.Section("rope_scaling") is { } section ? Scaling(section) : null;
        return new RotarySpecification(config.Positive("rope_theta", defaultBase), headDimension, scaling);
    }

    /// <summary>The scaling a section describes; null for the plain form.</summary>
    public static RotaryScaling? Scaling(ConfigurationReader section)
    {
        var key = section.Has("rope_type") ? "rope_type" : "type";
        return section.Word(key) switch
        {
            null or "default" => null,
            "linear" => new RotaryScaling.Linear(section.Positive("factor")),
            "llama3" => new RotaryScaling.Llama3(
                section.Positive("factor"), section.Positive("low_freq_factor"), section.Positive("high_freq_factor"),
                section.Positive("original_max_position_embeddings")),
            var other => throw section.NotDone(key, $"\"{other}\"", "default, linear, llama3"),
        };
    }
}
