namespace Socratic.Training.Models;

/// <summary>Reads the configurations of one architecture.</summary>
internal interface IModelFamily
{
    /// <summary>The values of config.json's model_type it reads.</summary>
    IReadOnlyList<string> ModelTypes { get; }

    /// <summary>What the configuration describes.</summary>
    /// <exception cref="ModelLoadException">A value is missing or wrong, or a setting is not supported.</exception>
    DecoderSpecification Read(ConfigurationReader config);
}
