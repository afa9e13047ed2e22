using static TorchSharp.torch;

namespace Socratic.Training;

/// <summary>
/// The loss of a micro-batch and how it joins its accumulation window: a sum over targets is divided by the targets of the whole window,
/// a mean by the number of micro-batches in it.
/// </summary>
public readonly struct Loss
{
    private Loss(Tensor value, bool isSum)
    {
        Value = value;
        IsSum = isSum;
    }

    /// <summary>The 0-d tensor, still attached to the graph.</summary>
    public Tensor Value { get; }

    /// <summary>True for a sum over targets, false for a mean.</summary>
    public bool IsSum { get; }

    /// <summary>A sum over the targets of the micro-batch.</summary>
    public static Loss Sum(Tensor value) => new(value, true);

    /// <summary>A mean over the micro-batch.</summary>
    public static Loss Mean(Tensor value) => new(value, false);
}
