using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Socratic.Training;
using Socratic.Training.Callbacks;
using Socratic.Training.Data;
using Socratic.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Socratic.Benchmarks.Verbs;

/// <summary>
/// What the Trainer adds to a step: Linear(1, 1), one batch in memory, no accumulation, the default callbacks, logging every 500 steps, AdamW.
/// Every thousand steps a bare hand-written loop of the same operations gets its turn in the same process.
/// </summary>
internal static class TrainerOverhead
{
    private const int Turn = 1000;

    public static Command Command()
    {
        var steps = new Option<int>("--steps") { Description = "Updates of the trainer.", DefaultValueFactory = _ => 100_000 };
        var command = new Command("trainer-overhead", "Microseconds that the Trainer adds to a step of a bare loop.") { steps };
        command.SetAction(parsed => Run(parsed.GetValue(steps)));
        return command;
    }

    private static void Run(int steps)
    {
        var output = Directory.CreateTempSubdirectory("trainer-overhead-").FullName;
        try
        {
            using var bare = new BareLoop();
            var turns = new Turns(bare);
            using var line = nn.Linear(1, 1);
            using var batch = new OneBatch();
            var options = new TrainingOptions { OutputDirectory = output, MaxSteps = steps, TrainBatchSize = 8, SaveStrategy = SaveStrategy.No, WatchTensors = false };
            using var trainer = new LineTrainer(line, options, new OneBatchData(batch), [turns]);
            trainer.Train();
            // The first turns warm both up: compilation, and torch's own first calls.
            var (ours, theirs) = (turns.Trainer.Skip(2).ToArray(), turns.Bare.Skip(2).ToArray());
            var tenth = Math.Max(1, ours.Length / 10);
            Report.Write(new JsonObject
            {
                ["overhead_microseconds"] = Report.Median(ours.Zip(theirs, (a, b) => a - b)),
                ["bare_microseconds"] = Report.Median(theirs),
                ["last_to_first_ratio"] = Report.Median(ours[^tenth..]) / Report.Median(ours[..tenth]),
                ["steps"] = steps,
            });
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    /// <summary>Times the trainer between its calls, a thousand steps at a time, and the bare loop in between.</summary>
    private sealed class Turns(BareLoop bare) : ICallback
    {
        private long started = Stopwatch.GetTimestamp();

        public List<double> Trainer { get; } = [];

        public List<double> Bare { get; } = [];

        public void OnStepEnd(in StepEndEvent e)
        {
            if (e.State.GlobalStep % Turn != 0) return;
            Trainer.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds / Turn);
            var begun = Stopwatch.GetTimestamp();
            for (var i = 0; i < Turn; i++) bare.Step();
            Bare.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds / Turn);
            started = Stopwatch.GetTimestamp();
        }
    }

    private static Tensor SquaredError(TorchSharp.Modules.Linear line, OneBatch batch)
    {
        using var output = line.forward(batch.X);
        return nn.functional.mse_loss(output, batch.Y);
    }

    private sealed class BareLoop : IDisposable
    {
        private readonly TorchSharp.Modules.Linear line = nn.Linear(1, 1);
        private readonly OneBatch batch = new();
        private readonly GradientBuffer gradients;
        private readonly AdamW optimizer;

        public BareLoop()
        {
            var parameters = line.named_parameters().Select(p => new TrainableParameter(p.name, p.parameter)).ToArray();
            gradients = new GradientBuffer(parameters);
            optimizer = new AdamW([new OptimizerGroup(parameters, 5e-5)]);
        }

        public void Step()
        {
            using var scope = NewDisposeScope();
            gradients.Zero();
            SquaredError(line, batch).backward();
            var norm = gradients.Measure();
            optimizer.Step(gradients, Math.Min(1, 1 / (norm.Total + 1e-6)));
        }

        public void Dispose()
        {
            gradients.Dispose();
            optimizer.Dispose();
            batch.Free();
            line.Dispose();
        }
    }

    private sealed class LineTrainer(TorchSharp.Modules.Linear line, TrainingOptions options, OneBatchData data, IReadOnlyList<ICallback> callbacks)
        : Trainer<OneBatch>(line, options, data, callbacks: callbacks)
    {
        protected override Loss ComputeLoss(OneBatch batch, StepContext step) => Loss.Mean(SquaredError(line, batch));
    }

    private sealed class OneBatchData(OneBatch batch) : IDataset<OneBatch>
    {
        public int Count => 8;

        public int LengthOf(int row) => 1;

        public OneBatch Collate(IReadOnlyList<int> rows) => batch;

        public string? Describe(int row) => null;
    }

    /// <summary>Stays in memory: the loop's own Dispose leaves it.</summary>
    private sealed class OneBatch : IBatch
    {
        public Tensor X { get; } = randn(8, 1).DetachFromDisposeScope();

        public Tensor Y { get; } = randn(8, 1).DetachFromDisposeScope();

        public int Count => 8;

        public IReadOnlyList<int> RowIndices { get; } = [0, 1, 2, 3, 4, 5, 6, 7];

        public long TargetCount => 8;

        public IBatch Slice(int start, int count) => throw new NotSupportedException("A batch of the benchmark is never cut.");

        public IBatch To(Device device) => this;

        public void Dispose()
        {
        }

        public void Free()
        {
            X.Dispose();
            Y.Dispose();
        }
    }
}
