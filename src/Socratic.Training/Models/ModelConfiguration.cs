namespace Socratic.Training;

/// <summary>What a loaded model is, as far as programs around it need to know.</summary>
public sealed record ModelConfiguration
{
    /// <summary>The folder it was loaded from, as it was given: a relative path stays one.</summary>
    public required string Folder { get; init; }

    /// <summary>What files of adapters call it: <see cref="ModelLoadOptions.Name"/> if it was given one, else <see cref="Folder"/>.</summary>
    public required string NameOrPath { get; init; }

    /// <summary>config.json's model_type, such as <c>gemma2</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>Rows of the embedding; every token id is below it.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Size of the hidden states.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The number of blocks.</summary>
    public required int LayerCount { get; init; }

    /// <summary>True if the output head is the embedding: one parameter, trained from both sides.</summary>
    public required bool TiesEmbeddings { get; init; }

    /// <summary>The ids that end an answer: those of generation_config.json (or config.json) and the chat template's end of turn.</summary>
    public required IReadOnlyList<int> StopIds { get; init; }

    /// <summary>The id that fills rows up: generation_config.json's, config.json's, or, where neither names one of the vocabulary, the first stop id.</summary>
    public required int PaddingId { get; init; }
}
