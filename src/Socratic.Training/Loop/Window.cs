using Socratic.Training.Data;
using static TorchSharp.torch;

namespace Socratic.Training.Loop;

/// <summary>An accumulation window: its micro-batches, fetched before the first forward, and their losses. Owns the batches.</summary>
internal sealed class Window<TBatch> : IDisposable
    where TBatch : class, IBatch
{
    private readonly TBatch[] batches;
    private readonly List<Tensor> losses = [];

    internal Window(IDataset<TBatch> data, IReadOnlyList<int[]> rows, Device device)
    {
        Rows = rows;
        batches = new TBatch[rows.Count];
        try
        {
            for (var i = 0; i < batches.Length; i++) batches[i] = Fetch(data, rows[i], device);
        }
        catch
        {
            Dispose();
            throw;
        }
        TargetCount = batches.Sum(b => b.TargetCount);
    }

    internal IReadOnlyList<int[]> Rows { get; }

    internal int Count => batches.Length;

    internal long TargetCount { get; }

    /// <summary>True once the update was made, or left out as not finite.</summary>
    internal bool IsUpdated { get; set; }

    internal int RowCount => Rows.Sum(r => r.Length);

    internal TBatch this[int microBatch] => batches[microBatch];

    internal void Add(Tensor loss) => losses.Add(loss);

    /// <summary>The losses on the host: the one place of an update that waits for the device.</summary>
    internal float[] ReadLosses()
    {
        if (losses.Count == 1) return [losses[0].to(float32).cpu().item<float>()];
        using var together = stack(losses);
        using var host = together.to(float32).cpu();
        return host.data<float>().ToArray();
    }

    public void Dispose()
    {
        foreach (var batch in batches) batch?.Dispose();
    }

    internal static TBatch Fetch(IDataset<TBatch> data, int[] rows, Device device)
    {
        var batch = data.Collate(rows);
        if (device.type == TorchSharp.DeviceType.CPU) return batch;
        using (batch) return (TBatch)batch.To(device);
    }
}
