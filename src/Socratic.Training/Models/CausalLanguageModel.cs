namespace Socratic.Training;

/// <summary>A decoder-only language model loaded from a Hugging Face folder.</summary>
public sealed partial class CausalLanguageModel
{
    /// <summary>Loads a model.</summary>
    public static CausalLanguageModel Load(string folder, Action<ModelLoadOptions>? configure = null) => throw new InvalidOperationException(folder + configure);
}
