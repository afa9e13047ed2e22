using Socratic.Training.Data;
using static TorchSharp.torch;

namespace Socratic.Samples.Tests.Overrides;

/// <summary>Points on the line y = 2x - 1: data of one's own, as a user of the package writes it.</summary>
internal sealed class Points(int count) : IDataset<PointBatch>
{
    public int Count => count;

    public int LengthOf(int row) => 1;

    public string? Describe(int row) => $"point {row}";

    public PointBatch Collate(IReadOnlyList<int> rows)
    {
        var x = rows.Select(r => r / (float)count).ToArray();
        return new PointBatch(tensor(x).view(-1, 1), tensor([.. x.Select(v => 2 * v - 1)]).view(-1, 1), rows);
    }
}

internal sealed class PointBatch(Tensor x, Tensor y, IReadOnlyList<int> rows) : IBatch
{
    public Tensor X => x;

    public Tensor Y => y;

    public int Count => rows.Count;

    public IReadOnlyList<int> RowIndices => rows;

    public long TargetCount => rows.Count;

    public IBatch Slice(int start, int count) => new PointBatch(x.narrow(0, start, count).clone(), y.narrow(0, start, count).clone(), [.. rows.Skip(start).Take(count)]);

    public IBatch To(Device device) => new PointBatch(x.to(device, copy: true), y.to(device, copy: true), rows);

    public void Dispose()
    {
        x.Dispose();
        y.Dispose();
    }
}
