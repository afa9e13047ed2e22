using Socratic.Training.Data;
using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Models.Generation;

/// <summary>What generation needs of a model.</summary>
internal interface IGenerationNetwork
{
    int LayerCount { get; }

    long VocabularySize { get; }

    long PaddingId { get; }

    Device Device { get; }

    /// <summary>The logits [rows, vocabulary] after the last of the ids [rows, new positions].</summary>
    /// <param name="ids">The ids from <paramref name="firstQuery"/> on.</param>
    /// <param name="layout">All positions, those in the caches included.</param>
    /// <param name="firstQuery">How many positions are in the caches.</param>
    /// <param name="caches">One a layer.</param>
    Tensor NextLogits(Tensor ids, AttentionLayout layout, int firstQuery, IReadOnlyList<LayerCache> caches);
}
