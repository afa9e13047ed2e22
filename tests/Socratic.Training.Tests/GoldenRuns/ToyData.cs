using System.Text.Json;
using Socratic.Training.Data;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.GoldenRuns;

internal sealed class ToyBatch(Tensor x, Tensor labels, IReadOnlyList<int> rows) : IBatch
{
    internal Tensor X { get; } = x.DetachFromDisposeScope();

    internal Tensor Labels { get; } = labels.DetachFromDisposeScope();

    public int Count => rows.Count;

    public IReadOnlyList<int> RowIndices => rows;

    public long TargetCount => rows.Count;

    public IBatch Slice(int start, int count) => new ToyBatch(X.narrow(0, start, count).clone(), Labels.narrow(0, start, count).clone(), [.. rows.Skip(start).Take(count)]);

    public IBatch To(Device device) => new ToyBatch(X.to(device, copy: true), Labels.to(device, copy: true), rows);

    public void Dispose()
    {
        X.Dispose();
        Labels.Dispose();
    }
}

internal sealed class ToyData(float[][] x, long[] labels) : IDataset<ToyBatch>
{
    internal static ToyData Read(JsonElement rows) => new(
        [.. rows.EnumerateArray().Select(r => r.GetProperty("x").EnumerateArray().Select(v => v.GetSingle()).ToArray())],
        [.. rows.EnumerateArray().Select(r => r.GetProperty("label").GetInt64())]);

    public int Count => labels.Length;

    public int LengthOf(int row) => 1;

    public ToyBatch Collate(IReadOnlyList<int> rows)
    {
        // TorchSharp's tensor(array) lies in the managed array, at any alignment, and MKL's last bit depends on alignment: a clone is torch's own memory.
        using var managed = tensor(rows.SelectMany(r => x[r]).ToArray(), rows.Count, 8);
        return new ToyBatch(managed.clone(), tensor(rows.Select(r => labels[r]).ToArray()), [.. rows]);
    }

    public string? Describe(int row) => $"toy row {row}";
}
