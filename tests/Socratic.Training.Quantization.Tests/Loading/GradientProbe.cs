using Socratic.Training.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Tests.Loading;

/// <summary>Stands in for a model's embedding: gives the same vectors, as a leaf whose gradient can be read.</summary>
internal sealed class GradientProbe(EmbeddingLayer embedding) : EmbeddingLayer(nameof(GradientProbe), embedding.VocabularySize, embedding.Size)
{
    public Tensor? Vectors { get; private set; }

    public override Parameter Weight => embedding.Weight;

    public override double? Scale => embedding.Scale;

    public override Tensor Lookup(Tensor table, Tensor ids) => embedding.Lookup(table, ids);

    public override Tensor forward(Tensor input) => Vectors = embedding.call(input).detach().requires_grad_().DetachFromDisposeScope();

    protected override void RegisterComponents()
    {
    }
}
