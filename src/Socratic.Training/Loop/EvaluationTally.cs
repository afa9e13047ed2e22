using System.Diagnostics;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>
/// The losses of an evaluation: each batch's mean weighted by its rows, as transformers reports it, and the loss per target.
/// A batch without a target has no mean and is left out.
/// </summary>
internal sealed class EvaluationTally
{
    private readonly Stopwatch time = Stopwatch.StartNew();
    private double weighted;
    private long weight;
    private double sum;
    private long targets;
    private bool isSum;

    internal int Batches { get; private set; }

    internal int RowsWithoutTarget { get; private set; }

    internal TimeSpan Elapsed => time.Elapsed;

    internal double Loss => weight == 0 ? double.NaN : weighted / weight;

    internal void Add(Loss loss, int rows, long targetCount)
    {
        Batches++;
        isSum |= loss.IsSum;
        if (loss.IsSum && targetCount == 0)
        {
            RowsWithoutTarget += rows;
            return;
        }
        // The mean is taken in float32, as the reference's loss is: it decides near-ties between best models.
        using var value = loss.Value.detach().to(float32).cpu();
        var total = value.item<float>();
        weighted += (double)(loss.IsSum ? total / targetCount : total) * rows;
        weight += rows;
        sum += total;
        targets += targetCount;
    }

    internal IEnumerable<KeyValuePair<string, double>> Extra() => isSum && targets > 0 ? [new("loss_per_token", sum / targets)] : [];
}
