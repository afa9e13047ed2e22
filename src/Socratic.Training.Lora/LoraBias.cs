namespace Socratic.Training.Lora;

/// <summary>Which biases of the base model are trained and saved with the adapter (PEFT's <c>bias</c>).</summary>
public enum LoraBias
{
    /// <summary>None (<c>none</c>).</summary>
    None,

    /// <summary>Every bias of the model (<c>all</c>). They stay when the adapter is disabled.</summary>
    All,

    /// <summary>The biases of the adapted layers (<c>lora_only</c>). They stay when the adapter is disabled.</summary>
    AdaptedLayers,
}
