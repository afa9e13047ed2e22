// Compiled by check-packages.sh in a project of its own: a user's library over the packages.
using Socratic.Training;
using Socratic.Training.Callbacks;
using Socratic.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Outside;

public sealed class Points(int count) : IDataset<PointBatch>
{
    public int Count => count;

    public string? Fingerprint => null;

    public int LengthOf(int row) => 1;

    public PointBatch Collate(IReadOnlyList<int> rows) => new(tensor(rows.Select(r => (float)r / count).ToArray()).view(-1, 1).clone(), [.. rows]);

    public string? Describe(int row) => $"point {row}";
}

public sealed class PointBatch(Tensor x, IReadOnlyList<int> rows) : IBatch
{
    public Tensor X { get; } = x.DetachFromDisposeScope();

    public int Count => rows.Count;

    public IReadOnlyList<int> RowIndices => rows;

    public long TargetCount => rows.Count;

    public IBatch Slice(int start, int count) => new PointBatch(X.narrow(0, start, count).clone(), [.. rows.Skip(start).Take(count)]);

    public IBatch To(Device device) => new PointBatch(X.to(device, copy: true), rows);

    public void Dispose() => X.Dispose();
}

public sealed class LineTrainer(TorchSharp.Modules.Linear line, TrainingOptions options, Points train, Points evaluation, IReadOnlyList<ICallback> callbacks)
    : Trainer<PointBatch>(line, options, train, evaluation, callbacks: callbacks)
{
    public int Steps { get; private set; }

    protected override Tensor TrainingStep(PointBatch batch, StepContext step)
    {
        Steps++;
        return base.TrainingStep(batch, step);
    }

    protected override Loss ComputeLoss(PointBatch batch, StepContext step) => Loss.Mean((line.forward(batch.X) - (2 * batch.X)).pow(2).mean());

    public override EvaluationResult Evaluate(IDataset<PointBatch>? data = null, string prefix = "eval") => base.Evaluate((data ?? EvaluationData).Take(3), prefix);
}

public sealed class Counter : ICallback
{
    public int Evaluations { get; private set; }

    public void OnEvaluate(in EvaluateEvent e) => Evaluations++;
}
