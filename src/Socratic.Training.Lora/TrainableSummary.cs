using System.Globalization;
using System.Text;

namespace Socratic.Training.Lora;

/// <summary>One parameter that is trained.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="FileKey">Its key in adapter_model.safetensors.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Count">The number of its elements.</param>
public sealed record TrainedParameter(string Name, string FileKey, IReadOnlyList<long> Shape, long Count);

/// <summary>What of a model is trained.</summary>
/// <param name="Parameters">The trained parameters, in the model's order.</param>
/// <param name="AllCount">The elements of all parameters of the model, adapters included.</param>
public sealed record TrainableSummary(IReadOnlyList<TrainedParameter> Parameters, long AllCount)
{
    /// <summary>The elements of the trained parameters.</summary>
    public long TrainableCount => Parameters.Sum(p => p.Count);

    /// <summary>The trained share of all elements, 0 to 1.</summary>
    public double Share => AllCount == 0 ? 0 : (double)TrainableCount / AllCount;

    /// <summary>PEFT's line: trainable params: 1,024 || all params: 42,000 || trainable%: 2.4381.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"trainable params: {TrainableCount:N0} || all params: {AllCount:N0} || trainable%: {100 * Share:F4}");

    /// <summary>A table, one line a parameter: name, shape, count, share of all that is trained.</summary>
    public string ToTable()
    {
        var width = Parameters.Count == 0 ? 0 : Parameters.Max(p => p.Name.Length);
        var text = new StringBuilder();
        foreach (var p in Parameters)
            text.AppendLine(CultureInfo.InvariantCulture, $"{p.Name.PadRight(width)}  {$"[{string.Join(", ", p.Shape)}]",16}  {p.Count,14:N0}  {100.0 * p.Count / TrainableCount,6:F2} %");
        return text.Append(this).ToString();
    }
}
