using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Layers;

/// <summary>The table of token vectors, as adapters meet it: they wrap one or put another in its place.</summary>
public abstract class EmbeddingLayer : nn.Module<Tensor, Tensor>
{
    /// <summary>Creates the layer; <paramref name="name"/> is the module's type name as shown in summaries.</summary>
    protected EmbeddingLayer(string name, long vocabularySize, long size)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        VocabularySize = vocabularySize;
        Size = size;
    }

    /// <summary>Rows of the table.</summary>
    public long VocabularySize { get; }

    /// <summary>Size of a vector.</summary>
    public long Size { get; }

    /// <summary>The table [VocabularySize, Size] that a tied output head multiplies with.</summary>
    public abstract Parameter Weight { get; }

    /// <summary>What the vectors are multiplied by (Gemma: the root of the size, rounded to the table's dtype), or null.</summary>
    public abstract double? Scale { get; }

    /// <summary>
    /// The rows of another <paramref name="table"/> [VocabularySize, n] for <paramref name="ids"/> (int64, any shape), handled as those of this one:
    /// scaled, no gradient for the padding id.
    /// </summary>
    /// <returns>A tensor with one more dimension, n, than the ids.</returns>
    public abstract Tensor Lookup(Tensor table, Tensor ids);
}
