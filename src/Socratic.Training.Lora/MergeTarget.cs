namespace Socratic.Training.Lora;

/// <summary>What adapters over 4-bit layers are merged into. Dense layers are merged into as they are, whatever is asked for.</summary>
public enum MergeTarget
{
    /// <summary>The layers' own form: 4-bit layers are brought to 4 bits again, which rounds the adapter's share too.</summary>
    OwnForm,

    /// <summary>Dense weights of what the 4-bit codes stand for: the model that was trained, in the model's dtype, larger on disk.</summary>
    Dequantized,

    /// <summary>The dense weights that were brought to 4 bits as they were loaded: nearer to the base model, though the adapter was trained over its 4-bit form.</summary>
    Original,
}
