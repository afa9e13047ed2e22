using Socratic.Training.Lora.Files;
using Socratic.Training.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Lora.Layers;

/// <summary>Trained rows of a table whose other rows stay frozen: the rows themselves, [tokens, size], not differences.</summary>
internal sealed class TrainedRows : IDisposable
{
    private readonly Scalar zero = 0L.ToScalar();
    private readonly Tensor place;

    /// <summary>Takes ownership of <paramref name="rows"/> and <paramref name="ids"/>, int64 [tokens]; the table has <paramref name="vocabularySize"/> rows.</summary>
    public TrainedRows(Parameter rows, Tensor ids, long vocabularySize)
    {
        Rows = rows;
        Ids = ids;
        place = TensorNumbers.Filled([vocabularySize], -1, ScalarType.Int64, rows.device).DetachFromDisposeScope();
        using var numbers = TensorNumbers.Range(ids.shape[0], ScalarType.Int64, rows.device);
        place.index_copy_(0, ids, numbers);
    }

    /// <summary>The rows, float32.</summary>
    public Parameter Rows { get; }

    /// <summary>The ids they belong to.</summary>
    public Tensor Ids { get; }

    /// <summary>The parameter with its name below the layer.</summary>
    public (string Name, Parameter Parameter) Named => (AdapterNames.TokenRows, Rows);

    /// <summary>Token vectors with those of trained ids replaced; <paramref name="factor"/> is what the embedding multiplies by.</summary>
    public Tensor Replace(Tensor vectors, Tensor ids, double? factor)
    {
        using var scope = NewDisposeScope();
        var places = place.index_select(0, ids.reshape(-1));
        var own = Rows.to(vectors.dtype);
        if (factor is { } f) own = own.Times(f);
        var chosen = own.index_select(0, places.clamp_min(zero)).view(vectors.shape);
        return where(places.ge(zero).view([.. ids.shape, 1]), chosen, vectors).MoveToOuterDisposeScope();
    }

    /// <summary>Puts the logits of trained ids in the place of those of the frozen rows, into <paramref name="logits"/> [n, vocabulary] itself.</summary>
    public void ReplaceLogits(Tensor logits, Tensor hidden)
    {
        using var own = Rows.to(hidden.dtype);
        using var columns = nn.functional.linear(hidden, own);
        var same = logits.index_copy_(-1, Ids, columns);
        if (!ReferenceEquals(same, logits)) same.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Rows.Dispose();
        Ids.Dispose();
        place.Dispose();
    }
}
