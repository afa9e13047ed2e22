using System.Globalization;
using Socratic.Training.Models;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Loading;

/// <summary>The memory a model takes, counted from its checkpoint's headers.</summary>
internal sealed record MemoryNeed
{
    /// <summary>Codes and scales of the layers in 4 bits.</summary>
    public required long Codes { get; init; }

    /// <summary>Everything else, as it is held.</summary>
    public required long Others { get; init; }

    /// <summary>What stands beside them for a moment: the largest tensor as it is stored, while it is read.</summary>
    public required long Reading { get; init; }

    /// <summary>The dense weight of one layer at a time.</summary>
    public required long Scratch { get; init; }

    /// <summary>What a row of a micro-batch keeps for its gradient.</summary>
    public required long Row { get; init; }

    /// <summary>Rows that are asked for.</summary>
    public required int Rows { get; init; }

    public required int Tokens { get; init; }

    /// <summary>Reading ends before training begins: the larger of the two counts.</summary>
    public long Total => Codes + Others + Math.Max(Reading, Scratch + Rows * Row);

    public int LargestMicroBatch(long available) => (int)Math.Clamp((available - Codes - Others - Scratch) / Math.Max(1, Row), 0, int.MaxValue);

    /// <param name="plan">What is going to be loaded.</param>
    /// <param name="bytesOf">Bytes of a linear weight in 4 bits; null for one that stays dense.</param>
    /// <param name="batch">What is going to be trained on, or null.</param>
    /// <param name="smallInFloat32">Whether norms and biases are float32.</param>
    public static MemoryNeed Of(ModelLoadPlan plan, Func<PlannedWeight, long?> bytesOf, MicroBatchPlan? batch, bool smallInFloat32 = false)
    {
        var size = plan.Dtype == ScalarType.Float32 ? 4L : 2L;
        var coded = plan.Weights.Where(w => w.IsLinear).Select(w => (Weight: w, Bytes: bytesOf(w))).Where(w => w.Bytes is not null).ToList();
        var dense = plan.Weights.Except(coded.Select(c => c.Weight)).ToList();
        var shape = batch ?? new MicroBatchPlan(0);
        return new MemoryNeed
        {
            Codes = coded.Sum(c => c.Bytes!.Value),
            Others = dense.Sum(w => w.Count * (smallInFloat32 && w.Shape.Count == 1 ? sizeof(float) : size)),
            Reading = coded.Select(c => c.Weight.StoredBytes).DefaultIfEmpty().Max(),
            Scratch = coded.Select(c => c.Weight.Count * size).DefaultIfEmpty().Max(),
            Row = shape.Tokens * (shape.GradientCheckpointing ? plan.TokenBytes.Recomputed : plan.TokenBytes.AllKept),
            Rows = shape.Rows,
            Tokens = shape.Tokens,
        };
    }

    /// <exception cref="ModelDoesNotFitException">There is less.</exception>
    public void Check(string folder, long available)
    {
        if (Total <= available) return;
        var largest = LargestMicroBatch(available);
        var batch = Rows > 0 ? $", {Megabytes(Rows * Row)} for a micro-batch of {Rows} rows of {Tokens} tokens" : "";
        var fits = largest > 0
            ? $"The largest micro-batch of {Tokens} tokens a row that fits has {largest} {(largest == 1 ? "row" : "rows")}."
            : $"No micro-batch of {Tokens} tokens a row fits: take a smaller model, free memory, or shorten the rows.";
        throw new ModelDoesNotFitException(
            $"{folder}: the model needs {Megabytes(Total)}, {Megabytes(available)} are free: {Megabytes(Codes)} for the layers in 4 bits, {Megabytes(Others)} for everything else, "
            + $"{Megabytes(Reading)} while the largest tensor is read, {Megabytes(Scratch)} to compute in{batch}. {fits}")
        {
            NeededBytes = Total,
            AvailableBytes = available,
            LargestMicroBatch = largest,
        };
    }

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB");
}
