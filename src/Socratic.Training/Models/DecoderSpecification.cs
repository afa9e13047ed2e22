using Socratic.Training.Layers;

namespace Socratic.Training.Models;

/// <summary>
/// Everything that tells one decoder from another. A family's folder turns a config.json into it; the layers know nothing of families.
/// </summary>
internal sealed record DecoderSpecification
{
    public required int VocabularySize { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadDimension { get; init; }

    /// <summary>One entry a layer.</summary>
    public required IReadOnlyList<DecoderLayerSpecification> Layers { get; init; }

    public required Activation Activation { get; init; }

    public required double NormEpsilon { get; init; }

    public NormKind Norm { get; init; } = NormKind.Weight;

    /// <summary>Norms after attention and after the MLP too, before each is added (Gemma).</summary>
    public bool NormsAfterBlocks { get; init; }

    /// <summary>Norms over each query and key head.</summary>
    public bool QueryKeyNorm { get; init; }

    public bool QueryKeyValueBias { get; init; }

    public bool OutputBias { get; init; }

    public bool MlpBias { get; init; }

    /// <summary>What attention scores are multiplied by.</summary>
    public required double QueryScale { get; init; }

    public double? AttentionSoftCap { get; init; }

    public double? FinalSoftCap { get; init; }

    /// <summary>What token vectors are multiplied by, before rounding to the weights' dtype.</summary>
    public double? EmbeddingScale { get; init; }

    /// <summary>The id whose row of the embedding gets no gradient from the input side.</summary>
    public int? PaddingId { get; init; }

    /// <summary>The head is the embedding.</summary>
    public required bool TiedHead { get; init; }
}

/// <summary>What one layer has of its own.</summary>
/// <param name="Window">How many keys a query sees, itself included; null for all.</param>
/// <param name="Rotary">Its rotary frequencies.</param>
internal sealed record DecoderLayerSpecification(int? Window, RotarySpecification Rotary);
